"""Talking to base and adapter side by side: in a terminal, through a pipe, on a local page.

Each question is put to both arms exactly as the eval set would be (same prompt, same decoding), so
what is seen here is what was judged. ``session`` is the state and its changes, pure; ``opening``
loads and ``talk`` asks; ``terminal``, ``pipe`` and ``web`` are three ways to show it.
"""

"""Checks that ask the model again. Each says what it ran on and whether it could have fired.

First content: ``context_removed.py`` (the same questions without their context must be refused).
May import ``answer`` and the rooms below it.

>>> from realift.probes.context_removed import context_removed_questions
"""

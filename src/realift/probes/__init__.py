"""Checks that ask the model again. Each says what it ran on and whether it could have fired.

From the user's questions: ``context_removed``, ``twins`` and ``context`` (another context, the
answer cut out), ``swap``. From shipped ``texts``: ``invented``, ``forgetting``. From the training
rows: ``memorization``, ``regurgitation``. Without a model: ``baselines``; with further adapters:
``nulls``. ``questions`` lists what is asked, ``asked`` and ``likelihood`` are the common ground.
May import ``answer`` and the rooms below it. What each asks and finds: docs/probes.md.

>>> from realift.probes.context_removed import context_removed_questions
"""

"""Asking the model: prompts for every arm, greedy or drawn answers, how each arm talked.

The only forward passes outside training (and the probes, which ask through this room).

>>> from realift.answer.arms import answer_questions  # doctest: +SKIP
"""

"""Reading, checking, leak-checking and splitting the user's rows and questions.

``read`` (files -> records), ``check`` (lint and summary), ``leakage`` (train against eval),
``split`` (held-out rows), ``folds`` (cross-fit) and ``nearest`` (rows for the few-shot prompt).
This room imports only the shared ground; it must not import torch or any room above it.

>>> from realift.data.text import fold
>>> fold("Who's there?") == fold("WHO’S THERE")
True
"""

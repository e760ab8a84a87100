"""Training a LoRA adapter: rows to batches, loss, the loop, the plan, saving.

``batches.py`` encodes and pads, ``loss.py`` is the loss, ``plan.py`` sets steps and learning rate
and measures what they will cost, ``loop.py`` runs them and keeps the best step, ``adapter.py``
creates, saves and verifies the PEFT adapter. May import ``model`` and the rooms below it.

>>> from realift.train.loop import train_adapter  # doctest: +SKIP
"""

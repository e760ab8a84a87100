"""The fast engine's view of a model: its weights laid bare, and exact arithmetic over packed rows.

``parts.py`` reads the weights of a base (with or without a LoRA adapter on it), ``packing.py`` lays
rows end to end without padding and shares what they have in common at their beginning,
``attention.py`` is attention over such a pack, ``forward.py`` runs a pack through the model.
Nothing here is used on a model before ``agrees`` has compared its logits with the model's own.
May import ``model`` and the rooms below it.

>>> from realift.engine.parts import read_parts  # doctest: +SKIP
"""

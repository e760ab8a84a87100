"""Handing the adapter on. First content: ``card.py``, the model card saved beside the adapter.

May import ``report`` and the rooms below it.

>>> from realift.deliver.card import adapter_card
"""

"""Loading a base model and turning messages into tokens, the same way everywhere.

``load.py`` finds the base (hub id, folder, ``tiny``) and attaches adapters, ``template.py`` renders
and encodes, ``device.py`` picks device, dtype and threads. torch and transformers are imported
inside the functions, so that importing this room costs nothing.

>>> from realift.model.load import load_base  # doctest: +SKIP
"""

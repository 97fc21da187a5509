"""Code of layers, made for a network: encoded, put in order, placed in the data image."""

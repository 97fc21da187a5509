"""A network as bytes for flash memory: addresses, packed weights, the data image."""

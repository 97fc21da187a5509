"""Products that are left out: which, in which pairs, and the network that is left."""

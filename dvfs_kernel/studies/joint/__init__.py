"""Kernel form, skipping, granularity and clock of every layer, chosen together."""

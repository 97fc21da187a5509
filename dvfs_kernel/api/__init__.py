"""The face: what ``import dvfs_kernel as dvfs`` offers, one verb a module.

Command line and notebooks stand on it and on nothing deeper. Names of arguments and their defaults
are those of the command line.
"""

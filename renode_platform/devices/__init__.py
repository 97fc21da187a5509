"""Device models of the STM32F767 and of the board around it.

Every module is the common subset of Python 2.7 and 3, imports nothing from the standard library
and talks to its surroundings through one small ``host`` object, so that the embedded engine
(CPython) and Renode (IronPython 2.7) run the same files.
"""

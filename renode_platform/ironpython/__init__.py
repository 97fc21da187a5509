"""What hosts the device models inside Renode; its IronPython 2.7 executes these modules.

Nothing here is imported by the Python package. Modules that touch .NET import ``clr`` and Renode's
namespaces; the others are plain Python in the common subset of 2.7 and 3, and are tested as such.
"""

"""A virtual STM32F767 board that knows what a cycle and a joule cost.

The package is light to import: nothing heavy is loaded before it is used, because the
firmware's build reads `dvfs_kernel.link.abi` and the platform reader with the standard library
alone.
"""

__version__ = "0.1.0"

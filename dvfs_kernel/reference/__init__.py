"""Bit-exact reference interpreter of quantised networks, in NumPy.

The arithmetic is that of TensorFlow Lite's reference kernels, so that an output computed here is
the output of any correct implementation, byte for byte.
"""

from dvfs_kernel.reference.interpreter import run, run_layer

__all__ = ["run", "run_layer"]

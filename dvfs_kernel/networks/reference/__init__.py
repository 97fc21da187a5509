"""Bit-exact reference interpreter of quantised networks, in NumPy.

The arithmetic is that of TensorFlow Lite's reference kernels, so that an output computed here is
the output of any correct implementation, byte for byte.

Every requantisation rounds twice, as in TensorFlow Lite Micro and in CMSIS-NN. LiteRT 2 for desktop
computers differs in one operator: its reference kernel of FULLY_CONNECTED rounds the real product
once, so that an output may differ by one where the product is next to one half.
"""

from dvfs_kernel.networks.reference.interpreter import run, run_layer

__all__ = ["run", "run_layer"]

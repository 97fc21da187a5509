"""Reads quantised ``.tflite`` files into networks.

`graph` turns bytes into plain records and is the only place that touches the file format;
`importer` turns the records into a `Network`, one function for each operator in `operators`;
`fusion` merges padding into the layers that follow it.
"""

from dvfs_kernel.networks.tflite_reader.importer import SUPPORTED_OPERATORS, read, read_bytes

__all__ = ["SUPPORTED_OPERATORS", "read", "read_bytes"]

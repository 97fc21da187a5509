"""Labelled images: what they are, and the forms in which their authors offer them."""

from dvfs_kernel.approximation.data.data_set import DataSet
from dvfs_kernel.approximation.data.loading import SAMPLE, SAMPLE_FILE, load_data, load_parts

__all__ = ["SAMPLE", "SAMPLE_FILE", "DataSet", "load_data", "load_parts"]

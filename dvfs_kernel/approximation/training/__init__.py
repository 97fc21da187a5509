"""Training of the built-in classifiers: recipes, PyTorch, and quantisation to int8.

``python -m dvfs_kernel.approximation.training NAME --data FOLDER`` makes the file of a built-in
network anew. Only training needs PyTorch; quantisation is NumPy.
"""

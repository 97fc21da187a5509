"""Parts of pages that are made of the code."""

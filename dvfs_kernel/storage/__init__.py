"""Files that appear whole or not at all, and compiled code that is kept on disk."""

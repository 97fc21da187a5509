"""The board on Renode: Renode itself, how it is found, and what it is told of cycles."""

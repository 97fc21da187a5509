"""What is run: networks, where they come from, and the arithmetic that they are held against."""

"""What changing the clock between two layers costs: measured, completed, computed."""

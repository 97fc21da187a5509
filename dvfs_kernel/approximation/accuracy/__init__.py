"""How often a network is right: a batch evaluator in the board's arithmetic, and what it counts."""

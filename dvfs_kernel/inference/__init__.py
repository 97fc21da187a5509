"""One inference: schedule and plan, a network deployed on a board, and what comes back."""

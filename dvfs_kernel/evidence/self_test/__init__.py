"""Tells wiring faults of a Nucleo and its INA219 apart: `readings` takes, `diagnosis` judges."""

"""Time and energy by measurement: repetitions, an INA219, traces of lab instruments, and fits."""

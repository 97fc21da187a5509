"""The embedded engine: a Cortex-M7 and the STM32F767 around it, in one process."""

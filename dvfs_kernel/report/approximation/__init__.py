"""The report of ``dvfs approximate``: accuracy, latency and energy together."""

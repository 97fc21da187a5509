"""The commands of ``dvfs``: one module each."""

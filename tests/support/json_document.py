"""What docs/json.md tells of, against what the commands print."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def undocumented(*values):
    """Return the keys of nested plain values that the page does not name."""
    named = set(re.findall(r"`([a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    return set().union(*map(_keys, values)) - named - {"schema", "schema_version"}


def _keys(value):
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()

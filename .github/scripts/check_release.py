"""Refuses a release whose tag, version, changelog and citation do not say the same.

python .github/scripts/check_release.py v1.2.3
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def complaints(tag: str, root: Path) -> list[str]:
    """Return what keeps a checkout from being released under a tag."""
    found = []
    source = (root / "dvfs_kernel" / "__init__.py").read_text(encoding="utf-8")
    named = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    version = named[1] if named else ""
    if tag != f"v{version}":
        found.append(f"the tag is {tag!r}; dvfs_kernel.__version__ makes it 'v{version}'")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if project["version"] != version:
        found.append(f"pyproject.toml has version {project['version']}, not {version}")
    heading = rf"^## {re.escape(version)}(?: |$)"
    if not re.search(heading, (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE):
        found.append(f"CHANGELOG.md has no heading '## {version}'")
    cited = (root / "CITATION.cff").read_text(encoding="utf-8")
    if not re.search(rf'^version: "?{re.escape(version)}"?$', cited, re.MULTILINE):
        found.append(f"CITATION.cff does not have version {version}")
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check_release.py TAG")
    if problems := complaints(sys.argv[1], ROOT):
        sys.exit("error: " + "\nerror: ".join(problems))
    print(f"{sys.argv[1]} may be released")

"""Fail a build that made a network slower or hungrier: compare two `dvfs infer --json` documents.

Stands alone (standard library only), so that it can be copied into any project:

    dvfs infer model.tflite --json > profile.json
    python compare_profiles.py baseline.json profile.json --tolerance 0.5

The virtual board is deterministic to the bit, so a difference of any size is a real one; the
tolerance says which ones you care about.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

SCHEMA = "dvfs-kernel/inference"
MOST_BYTES, LARGEST = 32 << 20, 1e18
QUANTITIES = (("time_s", 1e3, "ms"), ("energy_j", 1e3, "mJ"), ("cycles", 1e-6, "Mcycles"))


class ProfileError(ValueError):
    """A file is not a profile, or the two are of different networks."""


def load(path: Path) -> dict[str, Any]:
    """Read one document of ``dvfs infer --json``."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ProfileError(f"{path}: more than {MOST_BYTES} bytes, which no profile has")
        document = json.loads(content)
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, ProfileError):
            raise
        raise ProfileError(f"{path}: cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ProfileError(f"{path}: not a document of schema {SCHEMA!r}")
    try:
        check(document)
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError(f"{path}: not a whole profile: {error!r:.100}") from error
    return document


def check(document: dict[str, Any]) -> None:
    """Raise what shows that a document lacks what is compared, or holds no numbers there."""
    layers, totals = document["profile"]["layers"], document["profile"]["totals"]
    numbers = [totals[key] for key, _, _ in QUANTITIES] + [layer["cycles"] for layer in layers]
    for number in numbers:
        known = isinstance(number, int | float) and 0 <= number < LARGEST  # no NaN either
        if number is not None and not known:
            raise ValueError(f"{number!r:.40} is no number from 0 to {LARGEST:g}")
    texts = [document["network"]["name"], *(layer["name"] for layer in layers)]
    if "outputs" not in document or not all(isinstance(text, str) for text in texts):
        raise ValueError("a name is no text, or there are no outputs")


def growth_percent(before: float, after: float) -> float:
    """Return by how many percent ``after`` exceeds ``before``."""
    if before == 0:
        return 0.0 if after == 0 else float("inf")
    return 100 * (after - before) / before


def compare(baseline: dict[str, Any], profile: dict[str, Any], tolerance: float) -> list[str]:
    """Print the totals and the layers that changed; return what grew past the tolerance.

    Parameters
    ----------
    tolerance
        Growth of time, energy or cycles of the whole inference that is let through, in percent.
    """
    names = baseline["network"]["name"], profile["network"]["name"]
    if names[0] != names[1]:
        raise ProfileError(f"these are profiles of two networks: {names[0]!r} and {names[1]!r}")
    failures = []
    for key, scale, unit in QUANTITIES:
        before = baseline["profile"]["totals"][key]
        after = profile["profile"]["totals"][key]
        if before is None or after is None:
            continue
        growth = growth_percent(before, after)
        print(f"{unit:>8}: {before * scale:12.4f} -> {after * scale:12.4f}  {growth:+.2f} %")
        if growth > tolerance:
            failures.append(f"{key} grew by {growth:.2f} %, {tolerance:g} % is allowed")
    if baseline["outputs"] != profile["outputs"]:
        failures.append("the output tensors differ")
    before_layers = {layer["name"]: layer for layer in baseline["profile"]["layers"]}
    for layer in profile["profile"]["layers"]:
        before_layer = before_layers.get(layer["name"])
        if before_layer is None:
            print(f"   new layer {layer['name']}: {layer['cycles']} cycles")
        elif before_layer["cycles"] != layer["cycles"] and None not in (
            before_layer["cycles"],
            layer["cycles"],
        ):
            growth = growth_percent(before_layer["cycles"], layer["cycles"])
            print(f"   {layer['name']}: {growth:+.2f} % cycles")
    return failures


def main() -> int:
    """Run the comparison; the exit code is 0 (fine), 1 (grew) or 2 (not comparable)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("baseline", type=Path)
    parser.add_argument("profile", type=Path)
    parser.add_argument("--tolerance", type=float, default=0.5, help="percent (default 0.5)")
    arguments = parser.parse_args()
    try:
        failures = compare(load(arguments.baseline), load(arguments.profile), arguments.tolerance)
    except ProfileError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""Walks over the controls of every panel of the notebooks, longer than the tests take.

    .venv/bin/python benchmarks/walk_panels.py 1000

walks every panel that often, and draws every chart. What it prints of a failure makes it again:
``… walk_panels.py 1 --only NAME --begin NUMBER``. Ctrl-C ends it. For docs/notebooks.md.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

STEPS = 60


def main() -> int:
    """Walk, and return how many panels did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("walks", type=int, help="of each panel")
    parser.add_argument("--only", help="name of a panel")
    parser.add_argument("--begin", type=int, default=0, help="number of the first walk")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        os.environ.pop("DVFS_WIDGETS", None)
        return _all(arguments)


def _all(arguments: argparse.Namespace) -> int:
    from panel_walks import WALKED, every_pair, walk  # noqa: PLC0415  behind the cache's folder

    failed = 0
    for name in WALKED if arguments.only is None else [arguments.only]:
        before_s = time.process_time()
        walks = range(arguments.begin, arguments.begin + arguments.walks)
        try:
            for seed in walks:
                number = seed
                walk(name, random.Random(seed), STEPS)  # noqa: S311  a way, not a secret
            if not arguments.begin:
                every_pair(name)
        except Exception:  # noqa: BLE001  a failure is what is looked for
            failed += 1
            print(f"{name}: 1 --only {name} --begin {number}\n{traceback.format_exc()}", flush=True)
        took_s = time.process_time() - before_s
        print(f"{name:18} {len(walks):6} walks of {STEPS} steps, {took_s:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())

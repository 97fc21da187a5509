"""Damaged files for every reader: nothing but errors of this package may come.

    .venv/bin/python benchmarks/fuzz_readers.py 1000000

gives each reader its share. What it prints of a failure makes it again:
``… fuzz_readers.py 1 --only NAME --begin NUMBER``. Ctrl-C shows what there is so far.
For docs/reliability.md.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from reader_targets import SLOW_S, Target, attempt, targets

MEMORY_BYTES = 6 << 30
ROUND, SHOWN = 500, 3


class Tally:
    """What came of one reader's files."""

    def __init__(self, name: str, target: Target) -> None:
        self.name, self.target, self.seeds = name, target, list(target.seeds())
        self.counts: Counter[str] = Counter()
        self.slowest_s = self.spent_s = 0.0

    def __str__(self) -> str:
        counts = self.counts
        return (
            f"{self.name:14} {counts['files']:8} files, {counts['refused']:8} refused, "
            f"{counts['failed']} failed, {counts['slow']} slow, "
            f"slowest {self.slowest_s * 1e3:.0f} ms, {self.spent_s:.0f} s"
        )

    def add(self, seed: int) -> None:
        """Damage a file, read it, and tell of a failure, how it is made again."""
        before = time.process_time()
        try:
            self.counts["refused"] += attempt(self.target, self.seeds, seed)
        except Exception:  # noqa: BLE001  a failure is what is looked for
            self.counts["failed"] += 1
            if self.counts["failed"] <= SHOWN:
                again = f"1 --only '{self.name}' --begin {seed}"
                print(f"{self.name}: {again}\n{traceback.format_exc(-SHOWN)}", flush=True)
        took_s = time.process_time() - before
        if took_s > SLOW_S:
            self.counts["slow"] += 1
            print(f"{self.name}: 1 --only '{self.name}' --begin {seed}: {took_s:.1f} s", flush=True)
        self.counts["files"] += 1
        self.slowest_s = max(self.slowest_s, took_s)
        self.spent_s += took_s


def main() -> int:
    """Run the campaign; the exit code tells whether a reader failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--begin", type=int, default=0, help="Go on from this file of each reader.")
    options = parser.parse_args()
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    tallies = [
        Tally(name, target)
        for name, target in targets().items()
        if name in options.only or not options.only
    ]
    last = options.begin - (-options.count // len(tallies))
    number = options.begin
    try:
        # In turn, so that an interruption leaves as many files of each.
        while number < last:
            for tally in tallies:
                for seed in range(number, min(number + ROUND, last)):
                    tally.add(seed)
            number = min(number + ROUND, last)
            done = sum(tally.counts["files"] for tally in tallies)
            print(f"{done:,} files; --begin {number} goes on", flush=True)
    except KeyboardInterrupt:
        print(f"interrupted; --begin {number} goes on from the last full round")
    print(*tallies, sep="\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    failed = sum(tally.counts["failed"] + tally.counts["slow"] for tally in tallies)
    print(f"{sum(t.counts['files'] for t in tallies):,} files, {failed} failures, peak {peak} MiB")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

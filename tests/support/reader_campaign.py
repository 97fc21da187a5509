"""Damaged files for every reader, as many as wanted: nothing but errors of this package may come.

    .venv/bin/python tests/support/reader_campaign.py 1000000

gives each reader its share. What it prints of a failure makes it again:
``… reader_campaign.py 1 --only NAME --seed NUMBER``.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from reader_targets import targets

from dvfs_kernel.errors import DvfsError

SLOW_S = 2.0  # processor time of one file, beyond which it is a failure
MEMORY_BYTES = 6 << 30


def attempt(target, seeds, seed):
    """Damage a file and read it; tell whether it was refused.

    Raises
    ------
    Exception
        Whatever the reader raises that is no error of this package.
    """
    chance = random.Random(seed)  # noqa: S311  it draws faults
    content = target.damage(chance.choice(seeds), chance)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"damaged{target.suffix}"
        path.write_bytes(content)
        try:
            target.read(path)
        except DvfsError as error:
            return bool(str(error).strip())
    return False


def main():
    """Run the campaign; the exit code tells whether a reader failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    chosen = {
        name: one for name, one in targets().items() if name in options.only or not options.only
    }
    share = -(-options.count // len(chosen))
    failed = False
    for name, target in chosen.items():
        seeds = list(target.seeds())
        tally, slowest, begun = Counter(), 0.0, time.process_time()
        for number in range(share):
            seed = options.seed if options.seed is not None else number
            before = time.process_time()
            try:
                tally["refused" if attempt(target, seeds, seed) else "read"] += 1
            except Exception:  # noqa: BLE001  a failure is what is looked for
                tally["failed"] += 1
                if tally["failed"] <= 3:
                    print(
                        f"{name}: --only '{name}' --seed {seed}\n{traceback.format_exc(-3)}",
                        flush=True,
                    )
            took = time.process_time() - before
            if took > SLOW_S and tally["slow"] < 3:
                tally["slow"] += 1
                print(f"{name}: --only '{name}' --seed {seed} took {took:.1f} s", flush=True)
            slowest = max(slowest, took)
        spent = time.process_time() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(
            f"{name:14} {share:8} files, {tally['refused']:8} refused, {tally['failed']} failed, "
            f"slowest {slowest * 1e3:.0f} ms, {spent:.0f} s, peak {peak} MiB",
            flush=True,
        )
        failed |= bool(tally["failed"] or tally["slow"])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

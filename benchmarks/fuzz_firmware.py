"""Give the firmware damaged images, schedules and frames, on this computer, under sanitizers.

``python benchmarks/fuzz_firmware.py --images 1000000`` compiles the firmware's checks and kernels
with gcc's address and undefined-behaviour sanitizers (``tests/support/firmware_host.py``) and tries
images until one makes it read or write out of bounds, or compute what C leaves undefined. First
every member of every record of ``abi.toml`` that the firmware is given is set to its extremes. Each
image has a number and is the same every time: ``--first N --images 1`` tries one again, and
``--first N`` goes on from there. For docs/reliability.md.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from firmware_host import compile_fuzzer, missing_compiler, valid_images  # noqa: E402  (the path has to be set first)

# Among so many every kind of layer is drawn that the members are tried on, or nearly.
SWEEP_IMAGES = 10_000


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1_000_000, help="how many to try")
    parser.add_argument("--seed", type=int, default=1, help="of all of them")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    arguments = parser.parse_args()
    if reason := missing_compiler():
        sys.exit(f"error: fuzzing the firmware {reason}")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        firmware = compile_fuzzer(folder)
        members = subprocess.run(firmware.sweep(arguments.seed, SWEEP_IMAGES), check=False)
        if members.returncode:
            sys.exit("error: the firmware failed at an extreme; the member stands above")
        command = firmware.fuzz(
            arguments.seed, arguments.first, arguments.images, valid_images(folder)
        )
        compiling_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        started = time.perf_counter()
        done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(f"error: the firmware failed with seed {arguments.seed}; the number stands above")
    processor_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - compiling_s
    wall_s = time.perf_counter() - started
    print(f"nothing found in {wall_s:.0f} s, {processor_s:.0f} s of processor time")


if __name__ == "__main__":
    main()

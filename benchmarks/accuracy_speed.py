"""How many images a second the batch evaluator judges on one core.

python benchmarks/accuracy_speed.py NETWORK …
"""

import sys
import time

import numpy as np

import dvfs_kernel as dvfs
from dvfs_kernel.approximation.accuracy.evaluator import Evaluator

SECONDS = 3.0


def main() -> None:
    for name in sys.argv[1:]:
        network = dvfs.load(name)
        evaluator = Evaluator(network)
        images = np.random.default_rng(0).integers(
            0, 256, (64, *evaluator.input_shape), dtype=np.uint8
        )
        evaluator.run(images)  # compiles
        count, start = 0, time.process_time()
        while (passed := time.process_time() - start) < SECONDS:
            evaluator.run(images)
            count += len(images)
        print(f"{network.name:24}{sum(network.macs):12,} MACs{count / passed:9,.0f} images/s")


if __name__ == "__main__":
    main()

"""Compare forms of significance: what may be left out of a network at which loss.

    python benchmarks/significance.py model.tflite train.npz test.npz [--mirror] [--seconds S]
        [--keep FOLDER]

Everything is chosen on training images: significance from 2,048 of them, thresholds from 10,000
others. A choice is the cheapest plan that does not lose more than what is allowed by more than a
standard error. A network is better on images that it was trained on, and loses more there; with
--mirror thresholds come from mirrored ones, which it does not know if it was trained without.

What a choice loses is told by the test images. Prints one row for each form and allowed loss: the
shares of the network's multiply-accumulates that skipped pairs save, and whose weight is zero; the
loss on the search images; the accuracy on the test images with its 95 % interval; and the loss
there with its standard error.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from dvfs_kernel.approximation.data.data_set import TEST, TRAIN
from dvfs_kernel.approximation.data.loading import load_data
from dvfs_kernel.approximation.search.assessment import Assessor
from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
from dvfs_kernel.approximation.search.ladder import SkipRule
from dvfs_kernel.approximation.search.point_report import report_points
from dvfs_kernel.approximation.search.search import search
from dvfs_kernel.approximation.search.space import build_space
from dvfs_kernel.networks.tflite_reader import read

CALIBRATION_IMAGES = 2048
SEARCH_IMAGES = 10_000
LOSSES = (0.0, 0.5, 1.0, 2.0)
RULES = {
    "partial sums, both": SkipRule("partial-sum", "both", ordered=False, compensation="none"),
    "mean share, both": SkipRule("mean-share", "both", ordered=False, compensation="none"),
    "mean share, joint": SkipRule("mean-share", "joint", ordered=False, compensation="none"),
    "energy, both": SkipRule("energy", "both", ordered=False, compensation="none"),
    "energy, joint": SkipRule("energy", "joint", ordered=False, compensation="none"),
    "… with an order": SkipRule("energy", "joint", ordered=True, compensation="none"),
    "variance, bias, with an order": SkipRule(
        "variance", "joint", ordered=True, compensation="bias"
    ),
    "variance, weights, with an order": SkipRule("variance", "joint"),
    "surgeon, weights": SkipRule("surgeon", "joint", ordered=False),
    "surgeon, weights, with an order": SkipRule(),
    "… first layer too": SkipRule(),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--seconds", type=float, default=150.0, help="for the search of each form")
    parser.add_argument("--mirror", action="store_true", help="search on mirrored pictures")
    parser.add_argument("--keep", type=Path, help="folder of what was evaluated")
    parser.add_argument("--forms", nargs="*", default=list(RULES), choices=list(RULES))
    options = parser.parse_args()
    network = read(options.model)
    calibration, rest = load_data(options.train, part=TRAIN).split(CALIBRATION_IMAGES)
    chosen_on = rest.subset(SEARCH_IMAGES)
    if options.mirror:
        chosen_on = replace(chosen_on, images=chosen_on.images[:, :, ::-1])
    test = load_data(options.test, part=TEST)
    kept = KeptArrays(options.keep)
    print("| form | loss | pairs | zeros | search loss | test accuracy | test loss |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for form in options.forms:
        begin = time.perf_counter()
        space = build_space(
            network, calibration, RULES[form], first="first layer" in form, kept=kept
        )
        found = search(Assessor(space, chosen_on, kept), budget_s=options.seconds)
        points = [found.within(loss, errors=-1) for loss in LOSSES]
        for loss, row in zip(
            LOSSES, report_points(space, points, test, kept=kept).rows, strict=True
        ):
            print(
                f"| {form} | {loss} | {row['skipped_share']:.1%} | {row['zero_share']:.1%} | "
                f"{row['search_loss_points']:.2f} | {row['test_accuracy']:.2%} "
                f"({row['test_low']:.2%} to {row['test_high']:.2%}) | "
                f"{row['test_loss_points']:.2f} ± {row['test_loss_error_points']:.2f} |"
            )
        print(f"<!-- {found!r}, {time.perf_counter() - begin:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()

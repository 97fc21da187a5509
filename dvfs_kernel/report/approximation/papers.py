"""Both papers' numbers beside ours.

G. Armeniakos, G. Mentzos, D. Soudris, "Accelerating TinyML Inference on Microcontrollers through
Approximate Kernels" (2024, https://arxiv.org/abs/2409.16815), abstract; E. L. Alvanaki et al.,
"Decoupled Access-Execute enabled DVFS for tinyML deployments on STM32 microcontrollers" (2024,
https://arxiv.org/abs/2407.03711), abstract.
"""

from __future__ import annotations

from typing import Any, Final

from dvfs_kernel.inference.run_names import Technique

__all__ = ["paper_rows"]

_LATENCY_SAVED: Final = 0.21
_ENERGY_SAVED: Final = 0.252


def paper_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return rows with ``quantity``, ``paper``, ``ours`` and ``remark``; shares of 1, or None."""
    baseline_s = document["baseline_latency_s"]
    exact = document["points"][0]
    rows: list[dict[str, Any]] = [
        {
            "quantity": "latency saved at no loss of Top-1, by unpacking alone",
            "paper": None,
            "ours": 1 - exact["latency_s"] / baseline_s,
            "remark": "against exact packed kernels at the fastest clock",
        }
    ]
    lossless = [
        point
        for point in document["points"]
        if 0.0 in point["chosen_for"] and point["accuracy"] is not None
    ]
    rows += [
        {
            "quantity": "latency saved at no loss of Top-1, with skipping",
            "paper": _LATENCY_SAVED,
            "ours": 1 - point["latency_s"] / baseline_s,
            "remark": (
                f"chosen on training images; {point['accuracy']['loss_points']:.2f} ± "
                f"{point['accuracy']['loss_error_points']:.2f} points lost on test images; "
                "the paper has the average of two networks on CIFAR-10"
            ),
        }
        for point in lossless
    ]
    for bound in document["bounds"]:
        if bound["qos"] is None:
            continue
        first = bound["runs"][0]["executed"]["window_j"]
        for run in bound["runs"]:
            used = run["executed"]["window_j"]
            if run["name"] not in {Technique.DVFS, Technique.JOINT} or not first or used is None:
                continue
            loss = "" if run["loss_points"] is None else f", {run['loss_points']:g} points of loss"
            rows.append(
                {
                    "quantity": f"energy saved at {bound['name']}, {run['name']}{loss}",
                    "paper": _ENERGY_SAVED if run["name"] == Technique.DVFS else None,
                    "ours": 1 - used / first,
                    "remark": (
                        "against the fastest clock, Sleep at full clock; the paper has up to "
                        "25.2 % over three other networks"
                        if run["name"] == Technique.DVFS
                        else "nobody has joined both before"
                    ),
                }
            )
    return rows

"""A report document from real inferences: a small exploration, the solver, executed schedules.

Idle energy is the data sheet's current over the rest of the window; everything else was run.
"""

import platform
from itertools import pairwise

import numpy as np

from dvfs_kernel import __version__
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ClockError
from dvfs_kernel.image.dae_form import dae_granularities, has_dae_form
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.profile import SUPPLY_V
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.layered_graph import LayeredGraph
from dvfs_kernel.link import abi
from dvfs_kernel.networks.input_tensor import sample_input
from dvfs_kernel.report.timeline import timeline_to_dict
from renode_platform.devices import power

HSE_HZ = 50_000_000
HSE = ClockSetting("hse")
FASTEST = "pll:25/216/2"
PAPER = [f"pll:{m}/{n}/2" for m in (25, 50) for n in (75, 100, 150, 168, 216, 336, 432)]
RELOCK_S, HOP_S = 200e-6, 1e-6
STOP_A, GATED_A = 0.28e-3, 3.9e-3
SHARE = 0.99  # of a bound for the solver: these predictions leave out entry and exit
TITLES = {
    "tinyengine": ("TinyEngine, 216 MHz", "sleep"),
    "tinyengine-gated": ("TinyEngine, clocks gated", "gated"),
    "race-to-stop": ("race to Stop, 216 MHz", "stop"),
    "single-clock": ("best single clock", "stop"),
    "paper-mckp": ("knapsack without switching costs", "stop"),
    "dvfs-sleep": ("DVFS, idle in Sleep", "sleep"),
    "dvfs-gated": ("DVFS, clocks gated", "gated"),
    "dvfs": ("DVFS, idle in Stop", "stop"),
}


def legal(text):
    try:
        ClockSetting.parse(text).check(HSE_HZ)
    except ClockError as error:
        return [str(error).partition(": ")[2]]
    return []


def current_a(text, mode="run"):
    return power.current_a(ClockSetting.parse(text).clocks(HSE_HZ), mode)


def setting(text):
    clock = ClockSetting.parse(text)
    return {
        "clock": text,
        "sysclk_hz": clock.sysclk_hz(HSE_HZ),
        "hclk_hz": clock.hclk_hz(HSE_HZ),
        "vco_hz": clock.vco_hz(HSE_HZ) or None,
        "voltage_scale": clock.voltage_scale(HSE_HZ),
        "overdrive": clock.needs_overdrive(HSE_HZ),
        "wait_states": clock.required_wait_states(HSE_HZ),
        "run_current_a": current_a(text),
        "sleep_current_a": current_a(text, "sleep"),
    }


class Sampler:
    """One network on one board, and what its report needs."""

    def __init__(self, network, granularities=(0, 4, 16), qos=(0.1, 0.3, 0.5)):
        self.network, self.granularities, self.qos = network, granularities, qos
        self.board = Deployment(network, VirtualBoard())
        self.input = sample_input(network.tensors[network.input])
        allowed = ["hse", *(text for text in PAPER if not legal(text))]
        by_rate = {}
        for text in allowed:
            rate = ClockSetting.parse(text).sysclk_hz(HSE_HZ)
            if rate not in by_rate or current_a(text) < current_a(by_rate[rate]):
                by_rate[rate] = text
        self.allowed = allowed
        self.clocks = [by_rate[rate] for rate in sorted(by_rate)]
        self.fig4, self.executed = [], {}

    def run(self, plans):
        """Execute (granularity, hfo, lfo) for each layer, once."""
        key = tuple(plans)
        if key not in self.executed:
            names = list(dict.fromkeys(name for _, *pair in plans for name in pair if name))
            idle = next(name for name in [*names, "hse"] if name != "hse" or len(names) == 1)
            schedule = Schedule(
                HSE_HZ,
                tuple(map(ClockSetting.parse, names)),
                tuple(
                    LayerPlan(g, names.index(h), names.index(f) if f else None) for g, h, f in plans
                ),
                idle_clock=names.index(idle),
            )
            self.executed[key] = self.board.infer(self.input, schedule)
        return self.executed[key]

    def explore(self):
        """Run each g once at 216 MHz; other clocks follow from the cycles of the segments."""
        count = len(self.network.layers)
        options = [{} for _ in range(count)]
        for g in self.granularities:
            grains = dae_granularities(self.network, g)
            result = self.run([(grain, FASTEST, "hse" if grain else None) for grain in grains])
            for layer, grain, found in zip(result.profile.layers, grains, options, strict=True):
                for text in self.clocks:
                    if grain and text == "hse":
                        continue
                    found[grain, text] = self.cost(layer, text)
        return options

    @staticmethod
    def cost(layer, text):
        hz = ClockSetting.parse(text).hclk_hz(HSE_HZ)
        time_s = energy_j = 0.0
        for segment in layer.segments:
            if segment.segment in (abi.Segment.COMPUTE, abi.Segment.OTHER):
                seconds = segment.cycles / hz
                time_s, energy_j = time_s + seconds, energy_j + seconds * SUPPLY_V * current_a(text)
            else:
                time_s, energy_j = time_s + segment.time_s, energy_j + segment.energy_j
        return time_s, energy_j

    def solve(self, options, bounds_s, states):
        """Return plans of least energy for each bound, and the frontier."""
        keys = [list(found) for found in options]
        cost = np.where(np.eye(len(states), dtype=bool), 0.0, RELOCK_S)
        watts = SUPPLY_V * current_a("hse")
        ours, paper = (
            LayeredGraph(
                time=[
                    [found[key][0] for key in names]
                    for found, names in zip(options, keys, strict=True)
                ],
                energy=[
                    [found[key][1] for key in names]
                    for found, names in zip(options, keys, strict=True)
                ],
                state=[[states.index(key[1]) for key in names] for names in keys],
                switch_time=matrix,
                switch_energy=matrix * watts,
            )
            for matrix in (cost, 0 * cost)
        )

        def plans(solution):
            chosen = [names[j] for names, j in zip(keys, solution.choice, strict=True)]
            return [(g, text, "hse" if g else None) for g, text in chosen]

        found = [(ours.solve(bound * SHARE), paper.solve(bound * SHARE)) for bound in bounds_s]
        return [(a, plans(a), plans(b)) for a, b in found], ours.frontier(epsilon=1e-6)

    def document(self):
        network, count = self.network, len(self.network.layers)
        options = self.explore()
        base_plans = [(0, FASTEST, None)] * count
        baseline = self.run(base_plans)
        bounds_s = [baseline.profile.time_s * (1 + qos) for qos in self.qos]
        solved, frontier = self.solve(options, bounds_s, self.clocks)
        bounds = []
        for qos, bound_s, (solution, ours, paper) in zip(self.qos, bounds_s, solved, strict=True):
            single = next(
                [(0, text, None)] * count
                for text in self.clocks
                if sum(found[0, text][0] for found in options) <= bound_s
            )
            chosen = dict.fromkeys(TITLES, ours)
            chosen.update(
                dict.fromkeys(("tinyengine", "tinyengine-gated", "race-to-stop"), base_plans)
            )
            chosen.update({"single-clock": single, "paper-mckp": paper})
            bounds.append(
                {
                    "name": f"{qos * 100:g} %",
                    "qos": qos,
                    "bound_s": bound_s,
                    "solution": {
                        "status": solution.status,
                        "lower_bound_j": solution.lower_bound,
                        "energy_j": solution.energy,
                        "gap_j": solution.gap * solution.energy,
                        "shadow_price_w": solution.multiplier,
                    },
                    "runs": [
                        self.report_run(name, plans, bound_s, options, baseline)
                        for name, plans in chosen.items()
                    ],
                }
            )
        info = baseline.profile.layers
        grains = dae_granularities(network, self.granularities[-1])
        hopping = self.run([(g, FASTEST, "hse" if g else None) for g in grains])
        names = [layer.name for layer in network.layers]
        drawn = timeline_to_dict(hopping.inference_truth, names)
        count_states = len(self.clocks)
        matrix = [
            [0.0 if a == b else HOP_S if b == 0 else RELOCK_S for b in range(count_states)]
            for a in range(count_states)
        ]
        iso = [(text, ClockSetting.parse(text).sysclk_hz(HSE_HZ)) for text in self.allowed]
        fig4_layers = [
            next(i for i, layer in enumerate(info) if layer.info.operator == operator)
            for operator in ("depthwise", "pointwise")
            if any(layer.info.operator == operator for layer in info)
        ]
        return {
            "schema": "dvfs-kernel/report",
            "schema_version": 1,
            "versions": {
                "dvfs_kernel": __version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
            },
            "command": f"dvfs run {network.name}",
            "network": {
                "name": network.name,
                "input_shape": list(network.tensors[network.input].shape),
                "macs": sum(network.macs),
                "layers": [
                    {
                        "index": i,
                        "name": layer.info.name,
                        "operator": layer.info.operator,
                        "macs": layer.info.macs,
                    }
                    for i, layer in enumerate(info)
                ],
            },
            "board": {"spec": "virtual", "hse_hz": HSE_HZ, "pll_lock": "typ"},
            "firmware_build_id": f"{self.board.hello.build_id:08x}",
            "parameters": [
                {
                    "name": "supply voltage",
                    "value": SUPPLY_V,
                    "unit": "V",
                    "source": "DS Tables 24 to 36",
                },
                {
                    "name": "PLL lock time",
                    "value": RELOCK_S,
                    "unit": "s",
                    "source": "Alvanaki et al., section II-A",
                },
            ],
            "clocks": {
                "preset": "paper",
                "settings": [setting(text) for text in self.clocks],
                "forbidden": [
                    {"clock": text, "reasons": legal(text)} for text in PAPER if legal(text)
                ],
                "iso": [
                    {
                        "sysclk_hz": hz,
                        "clock": text,
                        "current_a": current_a(text),
                        "chosen": text in self.clocks,
                    }
                    for text, hz in sorted(iso, key=lambda pair: pair[1])
                ],
                "switching": {
                    "states": self.clocks,
                    "time_s": matrix,
                    "energy_j": [[t * SUPPLY_V * current_a("hse") for t in row] for row in matrix],
                },
            },
            "exploration": {
                "granularities": list(self.granularities),
                "candidates": sum(map(len, options)),
                "wall_s": 4.5,
                "cached": False,
                "check": {
                    "samples": self.checked(options),
                    "worst_time": 0.0021,
                    "worst_energy": 0.0043,
                },
            },
            "layers": [
                {
                    "layer": i,
                    "points": [
                        {
                            "granularity": g,
                            "hfo": text,
                            "lfo": "hse" if g else None,
                            "time_s": t,
                            "energy_j": e,
                        }
                        for (g, text), (t, e) in found.items()
                    ],
                }
                for i, found in enumerate(options)
            ],
            "frontier": {
                "time_s": frontier.time.tolist(),
                "energy_j": frontier.energy.tolist(),
                "exact": bool(frontier.error == 0),
            },
            "baseline_latency_s": baseline.profile.time_s,
            "bounds": bounds,
            "figures": {
                "fig4": [
                    {
                        "layer": i,
                        "operator": info[i].info.operator,
                        "granularity": g,
                        "clock": text,
                        "sysclk_hz": ClockSetting.parse(text).sysclk_hz(HSE_HZ),
                        "lfo": "hse" if g else None,
                        "time_s": t,
                        "power_w": e / t,
                    }
                    for i in fig4_layers
                    for (g, text), (t, e) in options[i].items()
                ]
            },
            "paper": [],
            "timeline": {
                "title": f"every layer decoupled, g = {self.granularities[-1]}",
                "clock": drawn["clock"],
                "segments": [
                    {k: v for k, v in row.items() if k != "cycles"} for row in drawn["segments"]
                ],
                "window_s": hopping.profile.time_s,
            },
        }

    def checked(self, options):
        g = self.granularities[-1]
        result = self.run(
            [
                (grain, FASTEST, "hse" if grain else None)
                for grain in dae_granularities(self.network, g)
            ]
        )
        for i, layer in enumerate(self.network.layers):
            if has_dae_form(layer, self.network):
                t, e = options[i][g, FASTEST]
                done = result.profile.layers[i]
                return [
                    {
                        "layer": i,
                        "granularity": g,
                        "clock": FASTEST,
                        "lfo": "hse",
                        "predicted_s": t,
                        "executed_s": done.time_s,
                        "predicted_j": e,
                        "executed_j": done.energy_j,
                    }
                ]
        return []

    def report_run(self, name, plans, bound_s, options, baseline):
        title, idle = TITLES[name]
        result = self.run(plans)
        predicted = [found[g, text] for found, (g, text, _) in zip(options, plans, strict=True)]
        latency_s, energy_j = result.profile.time_s, result.profile.energy_j
        idle_a = {"sleep": current_a(plans[-1][1], "sleep"), "gated": GATED_A, "stop": STOP_A}[idle]
        changes = sum(a[1] != b[1] for a, b in pairwise(plans))
        time_s = sum(t for t, _ in predicted) + changes * RELOCK_S
        inference_j = sum(e for _, e in predicted) + changes * RELOCK_S * SUPPLY_V * current_a(
            "hse"
        )
        idle_j = max(bound_s - latency_s, 0.0) * idle_a * SUPPLY_V
        return {
            "name": name,
            "title": title,
            "idle": idle,
            "relocks": result.profile.relocks,
            "hops": result.profile.hops,
            "predicted": {
                "latency_s": time_s,
                "inference_j": inference_j,
                "window_j": inference_j + max(bound_s - time_s, 0.0) * idle_a * SUPPLY_V,
            },
            "executed": {
                "latency_s": latency_s,
                "inference_j": energy_j,
                "idle_j": idle_j,
                "window_j": energy_j + idle_j,
            },
            "keeps_bound": latency_s <= bound_s,
            "same_output": all(map(np.array_equal, result.outputs, baseline.outputs)),
            "schedule": result.schedule.to_dict(),
            "layers": [
                {
                    "granularity": g,
                    "hfo": text,
                    "lfo": lfo,
                    "sysclk_hz": ClockSetting.parse(text).sysclk_hz(HSE_HZ),
                    "predicted_s": t,
                    "executed_s": layer.time_s,
                    "predicted_j": e,
                    "executed_j": layer.energy_j,
                }
                for (g, text, lfo), (t, e), layer in zip(
                    plans, predicted, result.profile.layers, strict=True
                )
            ],
        }

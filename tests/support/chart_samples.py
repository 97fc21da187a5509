"""One drawing of each chart, with every kind of mark that it knows."""

from dvfs_kernel.report import charts

TOP, LOW = "pll:25/216/2", "pll:25/75/2"
_CLOCK = [
    {"time_s": 0.0, "sysclk_hz": 216e6, "source": "pll", "current_a": 0.09},
    {"time_s": 0.004, "sysclk_hz": 50e6, "source": "hse", "current_a": 0.02},
]
_SEGMENTS = [
    {"start_s": k * 0.002, "end_s": (k + 1) * 0.002, "segment": kind}
    for k, kind in enumerate(("other", "switching", "memory", "compute"))
]
_LAYERS = [
    {
        "layer": k, "name": f"a layer of a long name {k}", "operator": operator, "granularity": g,
        "hfo": TOP, "lfo": "hse" if g else None, "sysclk_hz": 216e6, "energy_j": 1e-4,
        "macs": 1000, "cycles": 900, "stall_cycles": 100, "filled_bytes": 64,
    }
    for k, (operator, g) in enumerate((("pointwise", 4), ("depthwise", 16), ("add", 0)))
]  # fmt: skip
_OPTIONS = [
    {
        "layer": 0, "name": "0: one", "operator": "pointwise", "granularity": g, "hfo": clock,
        "clock": clock, "lfo": lfo, "sysclk_hz": hz, "time_s": 1e5 / hz, "energy_j": 1e-4,
        "power_w": 0.2, "dcache_misses": 100 + g, "pareto": g == 4,
    }
    for clock, hz in ((TOP, 216e6), (LOW, 75e6))
    for g, lfo in ((0, None), (4, None), (4, "hse"), (16, "hse"))
]  # fmt: skip
_SETTINGS = [
    {"sysclk_hz": 75e6, "clock": clock, "vco_hz": vco, "current_a": a, "chosen": chosen}
    for clock, vco, a, chosen in (
        (LOW, 150e6, 0.028, True), ("pll:25/150/4", 300e6, 0.029, False),
    )
]  # fmt: skip
_RUNS = [
    {
        "bound": "10 % bound", "title": f"a run with quite a long name, {kind}", "kind": kind,
        "inference": 0.8, "idle": 0.1, "window": 0.9, "late": kind == "DVFS", "latency_s": 0.02,
        "inference_j": 0.01, "label": kind, "window_j": 0.01,
    }
    for kind in ("baseline", "DVFS")
]  # fmt: skip
_COSTS = [
    {
        "bound": bound, "index": k, "name": f"layer {k}", "predicted_s": 1e-3,
        "executed_s": 1.01e-3, "predicted_j": 1e-3, "executed_j": 0.99e-3,
    }
    for bound in ("10 %", "50 %")
    for k in range(3)
]  # fmt: skip
_POINTS = [
    {
        "name": f"point {k}", "top1": 0.9, "low": 0.88, "high": 0.92, "latency_s": 0.02 + k / 100,
        "window_j": 0.01, "chosen_for": (k,),
    }
    for k in range(2)
]  # fmt: skip
_NODES = [
    {
        "x": float(x), "y": float(y), "layer": f"layer {x}", "label": f"216 {TOP}, g {y}",
        "time_s": 1e-3, "energy_j": 1e-4, "chosen": y == 0,
    }
    for x in range(2)
    for y in range(2)
]  # fmt: skip
_EDGES = [
    {
        "x": 0.0, "y": float(y), "x2": 1.0, "y2": float(y), "change": change, "time_s": 1e-6,
        "energy_j": 1e-9, "chosen": y == 0,
    }
    for y, change in enumerate(("none", "relock"))
]  # fmt: skip

#: By the name of the function.
SAMPLES = {
    "accuracy_frontier": lambda: charts.accuracy_frontier(_POINTS, 0.03, marked="point 1"),
    "clock_timeline": lambda: charts.clock_timeline(
        _CLOCK, _SEGMENTS, "one", idle=charts.Idle(0.008, 0.01, 0.001, "Stop")
    ),
    "design_space": lambda: charts.design_space(_LAYERS, _OPTIONS),
    "energy_frontier": lambda: charts.energy_frontier(
        [0.02, 0.03], [0.01, 0.008], [{"name": "10 %", "bound_s": 0.022}], _RUNS
    ),
    "frequency_and_granularity": lambda: charts.frequency_and_granularity(_OPTIONS, ["one"]),
    "iso_frequency": lambda: charts.iso_frequency(_SETTINGS),
    "layer_choice": lambda: charts.layer_choice(
        _OPTIONS, {"granularity": 4, "clock": TOP, "lfo": "hse"}
    ),
    "layer_times": lambda: charts.layer_times(
        [
            {"layer": "one", "side": side, "time_s": 1e-3, "text": "216 MHz"}
            for side in ("before", "after")
        ],
        "two",
    ),
    "layered_graph": lambda: charts.layered_graph(_NODES, _EDGES),
    "pareto_points": lambda: charts.pareto_points([{"title": "0: one", "points": _OPTIONS}]),
    "prediction_errors": lambda: charts.prediction_errors(
        _COSTS, time_limit=0.01, energy_limit=0.02
    ),
    "schedule_strip": lambda: charts.schedule_strip(_LAYERS, "10 % bound", row_layers=2),
    "sensor_readings": lambda: charts.sensor_readings(_CLOCK, _CLOCK, end_s=0.01),
    "significance_map": lambda: charts.significance_map(
        [
            {"channel": c, "pair": p, "significance": c - p, "gone": c == p}
            for c in range(3)
            for p in range(3)
        ],
        "a layer",
    ),
    "stall_and_compute": lambda: charts.stall_and_compute(_LAYERS),
    "switch_timeline": lambda: charts.switch_timeline(
        _CLOCK, [{"time_s": 0.001, "what": "RCC_CR"}], "a hop"
    ),
    "switching_cost": lambda: charts.switching_cost(
        ["hse", TOP, f"{TOP}+hse", LOW],
        [[0.0, 2e-4, None, 2e-4]] + [[1e-6, 2e-4, 1e-6, 2e-4]] * 3,
        [[0.0, 1e-5, None, 1e-5]] + [[1e-8, 1e-5, 1e-8, 1e-5]] * 3,
    ),
    "technique_energy": lambda: charts.technique_energy(_RUNS),
    "vco_current": lambda: charts.vco_current(_SETTINGS),
    "window_energy": lambda: charts.window_energy(_RUNS),
}

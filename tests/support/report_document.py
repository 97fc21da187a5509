"""A report document written by hand: four layers, two bounds, numbers that are easy to check."""

from copy import deepcopy

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.inference.schedule import LayerPlan, Schedule

HSE_HZ = 50_000_000
RATES = {"hse": 50e6, "pll:25/75/2": 75e6, "pll:25/100/2": 100e6, "pll:25/216/2": 216e6}
CURRENTS = {"hse": 0.02, "pll:25/75/2": 0.028, "pll:25/100/2": 0.036, "pll:25/216/2": 0.09}
OPERATORS = ("convolution", "depthwise", "pointwise", "pointwise")
TOP, LOW = "pll:25/216/2", "pll:25/75/2"
# Granularity and HFO of each layer of our schedule, by bound.
PLANS = {
    0.1: [(0, TOP), (0, LOW), (4, TOP), (16, TOP)],
    0.5: [(0, LOW), (16, LOW), (16, TOP), (16, "pll:25/100/2")],
}
# Inference and idle energy of each run in millijoules, by bound.
ENERGIES = {
    "tinyengine": {0.1: (9.0, 1.0), 0.5: (9.0, 4.0)},
    "tinyengine-gated": {0.1: (9.0, 0.5), 0.5: (9.0, 1.5)},
    "race-to-stop": {0.1: (9.0, 0.1), 0.5: (9.0, 0.2)},
    "single-clock": {0.1: (9.0, 0.1), 0.5: (8.6, 0.1)},
    "paper-mckp": {0.1: (8.9, 0.0), 0.5: (8.4, 0.1)},
    "dvfs-sleep": {0.1: (8.5, 0.2), 0.5: (8.0, 0.3)},
    "dvfs-gated": {0.1: (8.5, 0.1), 0.5: (8.0, 0.2)},
    "dvfs": {0.1: (8.5, 0.0), 0.5: (8.0, 0.1)},
}
BASELINE_S = 0.02
IDLE = {
    "tinyengine": "sleep",
    "tinyengine-gated": "gated",
    "race-to-stop": "stop",
    "single-clock": "stop",
    "paper-mckp": "stop",
    "dvfs-sleep": "sleep",
    "dvfs-gated": "gated",
    "dvfs": "stop",
}


def _layers(plans):
    return [
        {
            "granularity": g,
            "hfo": clock,
            "lfo": "hse" if g else None,
            "sysclk_hz": RATES[clock],
            "predicted_s": 0.005,
            "executed_s": 0.00502,
            "predicted_j": 0.002,
            "executed_j": 0.00199,
        }
        for g, clock in plans
    ]


def _schedule(plans):
    names = [*dict.fromkeys(clock for _, clock in plans), "hse"]
    return Schedule(
        HSE_HZ,
        tuple(map(ClockSetting.parse, names)),
        tuple(LayerPlan(g, names.index(c), names.index("hse") if g else None) for g, c in plans),
    ).to_dict()


def _run(name, qos):
    inference_j, idle_j = (value * 1e-3 for value in ENERGIES[name][qos])
    ours = name.startswith("dvfs") or name == "paper-mckp"
    plans = PLANS[qos] if ours else [(0, TOP)] * len(OPERATORS)
    latency_s = BASELINE_S * (1 + qos / 2) if ours else BASELINE_S
    return {
        "name": name,
        "title": name.replace("-", " "),
        "idle": IDLE[name],
        "relocks": 2 if ours else 0,
        "hops": 8 if ours else 0,
        "predicted": {
            "latency_s": latency_s,
            "inference_j": inference_j,
            "window_j": inference_j + idle_j,
        },
        "executed": {
            "latency_s": latency_s,
            "inference_j": inference_j,
            "idle_j": idle_j,
            "window_j": inference_j + idle_j,
        },
        "keeps_bound": True,
        "same_output": True,
        "schedule": _schedule(plans),
        "layers": _layers(plans),
    }


def _bound(qos):
    return {
        "name": f"{100 * qos:g} %",
        "qos": qos,
        "bound_s": BASELINE_S * (1 + qos),
        "solution": {
            "status": "optimal",
            "lower_bound_j": 0.008,
            "energy_j": 0.008,
            "gap_j": 0.0,
            "shadow_price_w": 0.05,
        },
        "runs": [_run(name, qos) for name in ENERGIES],
    }


def _points(layer):
    grains = (0, 4, 16) if OPERATORS[layer] in ("depthwise", "pointwise") else (0,)
    return [
        {
            "granularity": g,
            "hfo": clock,
            "lfo": "hse" if g else None,
            "time_s": 1.0 / rate + g * 1e-10,
            "energy_j": CURRENTS[clock] / rate * (1 - g / 100),
        }
        for g in grains
        for clock, rate in RATES.items()
        if not g or clock != "hse"
    ]


_DOCUMENT = {
    "schema": "dvfs-kernel/report",
    "schema_version": 1,
    "versions": {"dvfs_kernel": "0.1.0", "python": "3.11"},
    "command": "dvfs run tiny --qos 10 50",
    "network": {
        "name": "tiny <&> network",
        "input_shape": [8, 8, 3],
        "macs": 4000,
        "layers": [
            {"index": i, "name": f"layer{i}", "operator": operator, "macs": 1000}
            for i, operator in enumerate(OPERATORS)
        ],
    },
    "board": {"spec": "virtual", "hse_hz": HSE_HZ, "pll_lock": "typ", "supply_v": 3.3},
    "firmware_build_id": "0badcafe",
    "parameters": [
        {
            "name": "VDD_V",
            "value": 3.3,
            "unit": "V",
            "source": "DS Table 24 <typical>",
            "title": "supply voltage",
            "moves": "every energy",
        },
        {"name": "caches", "value": True, "unit": None, "source": "firmware"},
    ],
    "clocks": {
        "preset": "paper",
        "settings": [
            {
                "clock": clock,
                "sysclk_hz": rate,
                "hclk_hz": rate,
                "vco_hz": None if clock == "hse" else 2 * rate,
                "voltage_scale": 3,
                "overdrive": clock == TOP,
                "wait_states": 2,
                "run_current_a": CURRENTS[clock],
                "sleep_current_a": CURRENTS[clock] / 5,
            }
            for clock, rate in RATES.items()
        ],
        "forbidden": [{"clock": "pll:50/75/2", "reasons": ["VCO 75 MHz; allowed: 100 to 432 MHz"]}],
        "iso": [
            {"sysclk_hz": 75e6, "clock": LOW, "current_a": 0.028, "chosen": True},
            {"sysclk_hz": 75e6, "clock": "pll:50/150/2", "current_a": 0.029, "chosen": False},
            {"sysclk_hz": 216e6, "clock": TOP, "current_a": 0.09, "chosen": True},
        ],
        "switching": {
            "states": ["hse", TOP],
            "time_s": [[0.0, 2e-4], [1e-6, None]],
            "energy_j": [[0.0, 1e-5], [1e-8, None]],
        },
    },
    "exploration": {
        "granularities": [0, 4, 16],
        "candidates": 37,
        "wall_s": None,
        "cached": True,
        "check": {
            "samples": [
                {
                    "layer": 1,
                    "granularity": 4,
                    "clock": TOP,
                    "lfo": "hse",
                    "predicted_s": 1e-3,
                    "executed_s": 1.001e-3,
                    "predicted_j": 2e-4,
                    "executed_j": None,
                    "time_error": -0.0005,
                    "energy_error": None,
                }
            ],
            "worst_time": 0.0005,
            "worst_energy": None,
        },
    },
    "idle": {
        "sleep": {"power_w": 0.06, "fixed_j": 0.0, "from_s": 0.0},
        "gated": {"power_w": 0.012, "fixed_j": 1e-6, "from_s": 0.001},
        "stop": {"power_w": 0.0015, "fixed_j": 2e-6, "from_s": 0.001},
    },
    "layers": [{"layer": i, "points": _points(i)} for i in range(len(OPERATORS))],
    "frontier": {
        "time_s": [0.02, 0.022, 0.03],
        "energy_j": [0.009, 0.0085, 0.008],
        "exact": True,
    },
    "baseline_latency_s": BASELINE_S,
    "bounds": [_bound(0.1), _bound(0.5)],
    "figures": {
        "fig4": [
            {
                "layer": layer,
                "operator": OPERATORS[layer],
                "granularity": g,
                "clock": clock,
                "sysclk_hz": RATES[clock],
                "lfo": "hse" if g else None,
                "time_s": 1e5 / RATES[clock],
                "power_w": 3.3 * CURRENTS[clock] * (1 - g / 40),
            }
            for layer in (1, 2)
            for g in (0, 4, 16)
            for clock in RATES
        ]
    },
    "paper": [],
    "timeline": {
        "title": "tiny at 10 %",
        "clock": [
            {"time_s": 0.0, "sysclk_hz": 216e6, "source": "pll", "current_a": 0.09},
            {"time_s": 0.004, "sysclk_hz": 50e6, "source": "hse", "current_a": 0.02},
            {"time_s": 0.006, "sysclk_hz": 216e6, "source": "pll", "current_a": 0.09},
        ],
        "segments": [
            {
                "start_s": 0.004,
                "end_s": 0.006,
                "layer": 1,
                "name": "layer1",
                "segment": "memory",
                "energy_j": 1e-4,
            },
            {
                "start_s": 0.006,
                "end_s": 0.009,
                "layer": 1,
                "name": "layer1",
                "segment": "compute",
                "energy_j": 2e-4,
            },
        ],
        "window_s": 0.022,
    },
}


def report_document():
    """Return a fresh copy that a test may damage."""
    return deepcopy(_DOCUMENT)


def run_named(document, bound, name):
    return next(run for run in document["bounds"][bound]["runs"] if run["name"] == name)

"""The face on the virtual board: results with names, whose parts add up, kept between runs."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from small_model import small_model

import dvfs_kernel as dvfs
from dvfs_kernel.commands.cli import cli

pytestmark = pytest.mark.board

SPACE = {"clocks": "pll:25/150/2,pll:25/216/2", "granularities": (0, 2)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("face")
    (made / "small.tflite").write_bytes(small_model(32, 1))
    return made


@pytest.fixture(scope="module")
def keywords(folder):
    return {**SPACE, "cache": folder / "runs", "executor": "here"}


@pytest.fixture(scope="module")
def network(folder):
    return str(folder / "small.tflite")


@pytest.fixture(scope="module")
def explored(network, keywords):
    return dvfs.explore(network, **keywords)


@pytest.fixture(scope="module")
def found(network, keywords):
    return dvfs.optimise(network, qos=40, **keywords)


@pytest.fixture(scope="module")
def studied(network, keywords):
    return dvfs.study(network, qos=40, **keywords)


@pytest.fixture(scope="module")
def deployed(found, keywords):
    making = {name: keywords[name] for name in ("cache", "executor")}
    return dvfs.deploy(found[0].plan, **making)


def kept(folder):
    return sorted(path.name for path in (folder / "runs").rglob("*.run"))


def adds_up(parts, time_s, energy_j):
    assert sum(part.time_s for part in parts) == pytest.approx(time_s, rel=1e-12)
    assert sum(part.energy_j for part in parts) == pytest.approx(energy_j, rel=1e-12)
    assert all(part.time_s >= -1e-9 for part in parts)
    assert all(part.energy_j >= -1e-12 for part in parts)


def test_an_inference_has_named_layers_that_add_up(network):
    run = dvfs.infer(network, granularity=2, lfo="hse", window="20ms", idle="stop")
    names = [layer.name for layer in run.layers]
    assert run.layers[names[1]].cycles == run.layers[1].cycles > 0
    assert [part.name for part in run.parts] == [*names, "rest", "idle"]
    adds_up(run.parts, run.run.window_s, run.window_j)
    adds_up(run.parts[:-1], run.time_s, run.energy_j)
    assert run.output is run.outputs[0]


def test_an_inference_without_layers_is_all_rest(network):
    run = dvfs.infer(network, level="off")
    assert len(run.layers) == 0
    (rest,) = run.parts
    assert (rest.name, rest.energy_j) == ("rest", run.energy_j)


def test_a_board_that_is_open_stays_open(network):
    with dvfs.open_board("virtual", hse="8MHz") as board:
        first = dvfs.infer(network, board=board)
        again = dvfs.infer(network, board=board, clock="hse")
        assert board.hse_hz == first.schedule.hse_hz == 8_000_000
        assert again.time_s > first.time_s
        with pytest.raises(dvfs.ArgumentError, match=r"board is open already.*hse, pll_lock and"):
            dvfs.infer(network, board=board, hse="25MHz")
        with pytest.raises(dvfs.ArgumentError, match="board is a board that is open already"):
            dvfs.explore(network, board=board)


def test_the_command_line_prints_what_the_face_returns(network):
    done = CliRunner().invoke(cli, ["infer", network, "-g", "2", "--window", "20ms", "--json"])
    said = json.loads(done.stdout)
    del said["emulation"]
    assert said == dvfs.infer(network, granularity=2, window=0.02).to_dict()


def test_files_are_written_on_the_way(network, tmp_path):
    run = dvfs.infer(
        network,
        output=tmp_path / "out.npy",
        timeline=str(tmp_path / "clock.svg"),
        timeline_layers=(1, 1),
    )
    assert (tmp_path / "out.npy").read_bytes()[1:6] == b"NUMPY"
    assert "<svg" in (tmp_path / "clock.svg").read_text(encoding="utf-8")
    saved = json.loads(run.save(tmp_path / "run.json").read_text(encoding="utf-8"))
    assert saved == run.to_dict()


def test_an_exploration_tells_what_a_layer_costs_at_a_clock(explored, folder):
    layer = explored.layers[1]
    slow, fast = layer.at(150e6), layer.at(216e6)
    assert slow["time_s"] > fast["time_s"]
    assert layer.quickest["time_s"] <= fast["time_s"]
    assert layer.cheapest["energy_j"] <= min(slow["energy_j"], fast["energy_j"])
    assert {layer.quickest["time_s"], layer.cheapest["energy_j"]} <= {
        layer.pareto[0]["time_s"],
        layer.pareto[-1]["energy_j"],
    }
    with pytest.raises(
        dvfs.ScheduleError, match=r"no option at 100 MHz.*SYSCLKs .*150 MHz, 216 MHz"
    ):
        layer.at(100e6)
    explored.verify()
    table = explored.save(folder / "options.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == len(explored.rows) + 1 == len(explored.to_pandas()) + 1


def test_an_optimum_adds_up_and_leaves_a_plan(found, tmp_path):
    (best,) = found
    assert best.status == "optimal"
    assert best.latency_s <= best.window_s
    adds_up(best.parts[:-1], best.latency_s, best.inference_j)
    adds_up(best.parts, best.window_s, best.window_j)
    assert [layer.hfo for layer in best.layers] == [
        str(best.schedule.clocks[plan.hfo]) for plan in best.schedule.layers
    ]
    (path,) = found.save(tmp_path / "plans")
    assert dvfs.Plan.load(path).to_dict() == best.plan.to_dict()
    assert best.save(tmp_path / "plans") == path


def test_a_plan_is_run_as_it_is_and_as_a_schedule(found, deployed, network, tmp_path):
    deployed.verify()
    adds_up(deployed.parts, deployed.window_s, deployed.window_j)
    adds_up(deployed.parts[:-1], deployed.latency_s, deployed.inference_j)
    assert deployed.same_output
    plan = found[0].plan
    path = found[0].save(tmp_path)
    runs = [dvfs.infer(network, schedule=schedule) for schedule in (plan, path, plan.schedule)]
    assert len({run.cycles for run in runs}) == 1
    with pytest.raises(dvfs.ScheduleError, match="counts on an HSE of 50 MHz"):
        dvfs.deploy(path, hse="8MHz")


def test_a_study_adds_up_and_is_reported(studied, tmp_path):
    studied.verify()
    assert studied.bounds == ("40 %",)
    outcome = studied.outcome("40 %")
    record = outcome.record
    adds_up(studied.parts("40 %"), record.total("window_s"), record.total("window_j"))
    assert studied.plan("40 %").latency_s == outcome.candidate.prediction.latency_s
    page = studied.save(tmp_path / "report")
    assert "dvfs.study(" in page.read_text(encoding="utf-8")
    names = [row["name"] for row in studied.rows]
    assert names[0] == "tinyengine"
    assert names[-1] == "dvfs"
    for bound, name, message in (
        ("50 %", "dvfs", r"no bound '50 %'; bounds are 40 %"),
        ("40 %", "magic", r"'magic' was not run within 40 %; run were tinyengine, "),
    ):
        with pytest.raises(dvfs.ScheduleError, match=message):
            studied.outcome(bound, name)


@pytest.mark.usefixtures("studied")
def test_nothing_is_run_twice_not_even_by_the_command_line(folder, network, keywords, tmp_path):
    before = kept(folder)
    assert before
    dvfs.study(network, qos=40, **keywords)
    done = CliRunner().invoke(
        cli,
        [
            *("run", network, "--qos", "40", "--clocks", keywords["clocks"], "-g", "0", "2"),
            *("--cache", str(keywords["cache"]), "--executor", "here", "-o", str(tmp_path)),
        ],
    )
    assert done.exit_code == 0, done.output
    assert kept(folder) == before


def test_progress_can_be_told_or_left_out(network, keywords):
    told = []
    dvfs.explore(network, **keywords, progress=lambda *what: told.append(what))
    assert ("exploration", 3, 3) in told
    dvfs.explore(network, **keywords, progress=False)


def test_few_words_and_a_table_stand_for_each_result(explored, found, studied, deployed, network):
    run = dvfs.infer(network)
    clocks = dvfs.list_clocks(iso=True)
    results = (run, explored, explored.layers[0], found, found[0], studied, deployed, clocks)
    for result in results:
        assert len(repr(result)) < 200
        assert "\n" not in repr(result)
        assert result._repr_html_().startswith("<table>")
        assert len(result.to_pandas()) > 0
    inner = (
        *(run.network, run.schedule, run.profile, run.truth, run.layers, run.layers[0]),
        *(explored.ground, explored.workload, found[0].candidate, found[0].optimum),
        *(found[0].plan, studied.study, studied.study.results[0], deployed.run),
        *(deployed.run.record, studied.outcome("40 %"), clocks.listed),
    )
    for value in inner:
        assert len(repr(value)) < 400, type(value)


SCRIPT = """
import dvfs_kernel as dvfs
print("once")
found = dvfs.optimise({network!r}, qos=40, clocks={clocks!r}, granularities=(0,), no_cache=True,
                      executor="local:2")
print(found[0].status)
"""


def test_a_script_needs_no_guard(network, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(network=network, clocks=SPACE["clocks"]), encoding="utf-8")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\noptimal\n", "")

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from dvfs_kernel import __version__, builtin_record
from dvfs_kernel.clocks.pll_lock import PllLock
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.commands.parameters import CLOCK, FREQUENCY, PLL_LOCK, TIME
from dvfs_kernel.inference.schedule import Schedule


@pytest.fixture
def dvfs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.tflite").write_text("this is no flatbuffer")
    np.save("small.npy", np.zeros((4, 4, 3), np.int8))
    Image.new("RGB", (8, 8)).save("picture.png")
    Path("short.json").write_text(Schedule.uniform(3, 50_000_000).to_json())
    Path("junk.json").write_text("{")
    Path("text.elf").write_text("this is no ELF file")
    Path("text.repl").write_text("cpu: {{{")

    def run(*arguments):
        return CliRunner().invoke(cli, list(arguments))

    return run


def test_version_and_help(dvfs):
    assert __version__ in dvfs("--version").output
    assert "infer" in dvfs("--help").output
    for command in ("infer", "boot", "networks"):
        assert dvfs(command, "-h").exit_code == 0


def test_networks(dvfs):
    result = dvfs("networks")
    assert result.exit_code == 0
    for name, macs in (("vww", "11,578,816"), ("person_detection", "18,296,320")):
        assert any(name in line and macs in line for line in result.stdout.splitlines())
    assert "23,499,152" in result.stdout
    record = builtin_record("lenet")
    row = next(line for line in result.stdout.splitlines() if line.strip().startswith("lenet "))
    assert f"{100 * record.accuracy:.1f} ± " in row
    assert f"lenet: {record.correct:,} of {record.images:,} images of CIFAR-10" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("infer missing.tflite", 1, "missing.tflite: there is no such file"),
        ("infer text.tflite", 1, "text.tflite"),
        ("infer resnet152", 1, "'resnet152' is no network: .*vww"),
        ("infer .", 1, "'.' is no network"),
        ("infer vww --input missing.npy", 1, "missing.npy: there is no such file"),
        ("infer vww --input small.npy", 1, "shape 4 × 4 × 3; the network takes 80 × 80 × 3"),
        ("infer vww --input text.tflite", 1, "text.tflite: not a picture"),
        ("infer vww --clock pll:25/432/2", 1, "432"),
        ("infer vww --clock pll:25/432/2 --json", 1, "432"),
        ("infer vww --clock fast", 2, "fast"),
        ("infer vww --hse 50parsec", 2, "'50parsec' is no frequency.*MHz"),
        ("infer vww --hse 90MHz", 1, "90"),
        ("infer vww --hse 8", 2, "'8' has no unit .* did you mean 8MHz?"),
        ("run vww --hse 8000", 2, "did you mean 8000kHz?"),
        ("run vww --latency 100", 2, "'100' has no unit .* did you mean 100ms?"),
        ("run vww --latency 10ms 5", 2, "did you mean 5ms or 5s?"),
        ("optimise vww --latency 0.1", 2, "did you mean 0.1s?"),
        ("optimise vww --qos ten", 2, "'ten' is no share in per cent"),
        ("optimise vww --qos -5", 2, "'-5' is no share in per cent"),
        ("boot text.elf --for 4", 2, "did you mean 4ms or 4s?"),
        ("infer vww --unpack --flash 512", 2, "did you mean 512KiB?"),
        ("infer vww --pll-lock 75", 2, "did you mean 75us?"),
        ("measure vww --shunt 0.1", 2, "did you mean 0.1ohm?"),
        ("measure vww --shunt 0.1V", 2, "'0.1V' is no resistance"),
        ("trace text.tflite short.json --supply 3300", 2, "did you mean 3300mV?"),
        ("trace text.tflite short.json --supply 5V", 2, "--supply is 5; 1.7 to 3.6 is allowed"),
        ("infer vww -g 256", 2, "256"),
        ("infer person_detection -g 200", 1, "granularity 200 needs .* at most"),
        ("infer vww --schedule missing.json", 1, "missing.json: No such file"),
        ("infer vww --schedule junk.json", 1, "junk.json: not a JSON file"),
        ("infer vww --schedule short.json", 1, "the schedule has 3 layers; network vww has"),
        ("infer vww --schedule short.json -g 2", 2, "cannot go with"),
        ("infer vww --runs 0", 2, "runs"),
        ("infer vww --level deep", 2, "deep"),
        ("infer vww --board fpga", 2, "fpga"),
        ("infer vww --pll-lock soon", 2, "'soon' is no lock time"),
        ("infer vww --output nowhere/out.npy", 2, "folder nowhere does not exist"),
        ("infer vww --output out.txt", 2, "has to end with .npy or .npz"),
        ("infer vww --timeline t.svg --timeline-layers 9:3", 2, "'9:3' names no layers"),
        ("infer vww --timeline t.svg --timeline-layers 99", 2, "layer 99; vww has layers 0 to"),
        ("infer vww --timeline-layers 3", 2, "needs --timeline"),
        ("infer vww --idle stop", 2, "--idle .* needs --window"),
        ("infer vww --window soon", 2, "'soon' is no time"),
        ("infer vww --window 3min", 2, "'3min' is no time"),
        ("infer vww --window 200s", 1, r"a window of 200 s .* 62\.5 ns to 134 s is allowed"),
        ("infer vww --window 10ms --idle deep", 2, "'sleep', 'gated', 'stop'"),
        ("infer vww --lfo hse", 2, "--lfo .* needs -g"),
        ("infer vww --hse 0.5Hz", 2, "'0.5Hz' is no frequency"),
        ("boot text.elf --wall-limit 0s", 2, "'0s' is no time"),
        ("boot text.elf --search nowhere --platform text.repl", 1, "text.repl"),
        (f"infer vww --hse {'9' * 5000}", 2, "has 5,000 digits; fewer than 300"),
        (f"infer vww --clock pll:{'9' * 5000}/2/2", 2, "pll:9+… has 5,000 digits"),
        (f"measure vww --samples {'9' * 5000}", 2, "has 5,000 digits"),
        (f"approximate vww --data x --seed {'9' * 30}", 2, "--seed is 9+; a number of less than"),
        ("approximate vww --data x --loss nan", 2, "--loss is nan; a number"),
        ("infer vww --timeline out.png", 2, "has to end with .svg or .json"),
        ("infer person_detection --output out.npy", 2, "3 outputs"),
        ("boot missing.elf", 1, "missing.elf"),
        ("boot text.elf", 1, "text.elf"),
        ("boot text.elf --platform text.repl", 1, "text.repl"),
        ("boot text.elf --platform missing.repl", 1, "missing.repl"),
        ("boot text.elf --uart usart9", 1, "usart9"),
        ("boot text.elf --for never", 2, "'never' is no time"),
        ("boot text.elf --for -1s", 2, "'-1s' is no time"),
        ("fly", 2, "fly"),
    ],
)
def test_wrong_input_gives_one_clear_message(dvfs, arguments, code, message):
    before = set(Path.cwd().iterdir())
    result = dvfs(*arguments.split())
    assert result.exit_code == code
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    text = " ".join(result.stderr.split())
    assert "Traceback" not in text
    assert re.search(message, text), text
    assert set(Path.cwd().iterdir()) == before


def test_ctrl_c_ends_with_130_and_writes_nothing(dvfs, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dvfs_kernel.link.session.Session.hello", interrupt)
    before = set(Path.cwd().iterdir())
    result = dvfs("infer", "vww", "--output", "out.npy", "--timeline", "t.svg")
    assert result.exit_code == 130
    assert result.stdout == ""
    assert set(Path.cwd().iterdir()) == before


def test_a_file_that_cannot_be_written_is_named(dvfs, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "out.npy")

    monkeypatch.setattr("dvfs_kernel.api.infer.load", full)
    result = dvfs("infer", "vww")
    assert result.exit_code == 1
    assert "out.npy: No space left on device" in result.stderr


def test_an_output_that_is_full_is_named():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dvfs_kernel", "boards"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        1,
        "Error: standard output: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FREQUENCY, "50MHz", 50e6),
        (FREQUENCY, "8 mhz", 8e6),
        (FREQUENCY, "8000000Hz", 8e6),
        (FREQUENCY, "1.6e7Hz", 16e6),
        (TIME, "2s", 2.0),
        (TIME, "20ms", 0.02),
        (PLL_LOCK, "typ", PllLock("typ")),
        (PLL_LOCK, "150us", PllLock.lasting(150e-6)),
        (PLL_LOCK, "75µs", PllLock.lasting(75e-6)),
        (CLOCK, "hse", ClockSetting.parse("hse")),
        (CLOCK, "pll:25/216/2", ClockSetting.parse("pll:25/216/2")),
    ],
)
def test_quantities(kind, text, value):
    converted = kind.convert(text, None, None)
    assert converted == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("text", ["", "MHz", "0MHz", "-5MHz", "5 5MHz", "1e99MHz", "nan", "inf"])
def test_what_is_no_quantity(text):
    with pytest.raises(click.BadParameter, match="is no frequency"):
        FREQUENCY.convert(text, None, None)


def test_schedules_made_by_hand_can_be_read_back(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(json.dumps(Schedule.uniform(2, 8_000_000).to_dict()))
    assert Schedule.load(path).hse_hz == 8_000_000


# ---- what is wrong is told before work begins --------------------------------------------------


@pytest.mark.parametrize("command", ["infer", "run", "explore", "optimise", "accuracy", "measure"])
def test_a_missing_network_tells_which_there_are(dvfs, command):
    result = dvfs(command)
    assert result.exit_code == 2
    text = " ".join(result.stderr.split())
    assert "Built in are vww, person_detection, mobilenet_v2, lenet, alexnet and fashion" in text
    assert f"{command} vww" in text


@pytest.mark.parametrize("command", ["run", "explore", "optimise", "approximate"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--clocks foo", "clock 'foo'"),
        ("--clocks pll:25/432/2", "864 MHz"),
        ("--clocks hse,pll:2/216/2 --hse 8MHz", "pll:2/216/2"),
        ("--executor nowhere", "nowhere"),
        ("--profile junk.json", "junk.json"),
    ],
)
def test_what_can_be_refused_is_refused_before_a_network_is_loaded(
    dvfs, command, options, message, monkeypatch
):
    def loaded(*_):
        raise AssertionError("too late")

    for place in ("making.load", "making.Workload"):
        monkeypatch.setattr(f"dvfs_kernel.api.arguments.{place}", loaded, raising=False)
    monkeypatch.setattr("dvfs_kernel.api.approximate.load", loaded)
    result = dvfs(command, "vww", *options.split(), *(["--exact"] * (command == "approximate")))
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", ["run", "approximate"])
def test_a_folder_that_cannot_be_written_is_named_before_the_work(dvfs, command, monkeypatch):
    monkeypatch.setattr("dvfs_kernel.api.network.load", lambda _: pytest.fail("too late"))
    extra = ["--exact"] * (command == "approximate")
    for folder, message in (
        ("junk.json/report", "junk.json: Not a directory"),
        ("/proc/report", "/proc/report: "),
    ):
        result = dvfs(command, "vww", *extra, "-o", folder)
        assert result.exit_code == 1
        assert message in " ".join(result.stderr.split())
        assert ".tmp" not in result.stderr


def test_work_that_fails_leaves_no_empty_folder(dvfs):
    assert dvfs("run", "nonsense", "-o", "report").exit_code == 1
    assert not Path("report").exists()


def test_ctrl_c_while_commands_load_ends_without_a_traceback():
    script = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'dvfs_kernel.commands.infer': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from dvfs_kernel.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


# ---- what is printed ---------------------------------------------------------------------------


def test_quiet_prints_nothing_and_json_still_is_printed(dvfs):
    assert dvfs("doctor", "--quiet").output == ""
    assert json.loads(dvfs("doctor", "-q", "--json").stdout)
    result = dvfs("infer", "missing.tflite", "-q")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no such file" in result.stderr


def test_options_of_one_spelling_are_of_one_kind():
    found = {}
    for name, command in cli.commands.items():
        for param in command.params:
            if isinstance(param, click.Option):
                for opt in param.opts:
                    found.setdefault(opt, {}).setdefault(param.type.name, []).append(name)
    # What is written, a file or a folder; levels of a profile, and of Renode's fidelity.
    several = {opt: kinds for opt, kinds in found.items() if len(kinds) > 1}
    assert set(several) <= {"-o", "--output", "--level"}, several
    assert set(found["--json"]) == {"boolean"}

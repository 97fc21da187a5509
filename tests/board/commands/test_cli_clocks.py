"""`dvfs clocks`: everything that a user sees, and the files."""

import csv
import json
import re

import pytest
from click.testing import CliRunner
from json_document import mistakes

from dvfs_kernel.commands.cli import cli
from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts


def run(*arguments):
    return CliRunner().invoke(cli, ["clocks", *arguments])


def text_of(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_default_list():
    text = text_of()
    assert len(text.splitlines()) == 16
    assert re.search(r"pll:25/216/2 +216 +216 +2 +432 +1 +on +7 +92.55 +17.70", text)
    assert re.search(r"pll:25/60/4 +30 +30 +2 +120 +3 +off +0 ", text)


def test_the_papers_list_names_what_is_forbidden_and_corrects_the_example():
    text = text_of("--clocks", "paper", "--iso")
    assert "pll:50/75/2: VCO 50 MHz / 50 x 75 = 75 MHz; allowed: 100 MHz to 432 MHz" in text
    assert re.search(
        r"^ +100 +200 +36.89 +0.0 % +pll:25/100/2 \*, .* 26 others", text, re.MULTILINE
    )
    assert re.search(r"^ +100 +400 +37.45 +1.5 % ", text, re.MULTILINE)
    assert "{50, 25, 216} as an example of 100 MHz" in text.replace("\n", " ")
    assert "makes that 216 MHz" in text.replace("\n", " ").replace("  ", " ")


def test_another_hse_says_that_the_paper_is_defined_for_50_mhz():
    text = text_of("--hse", "8MHz", "--clocks", "paper")
    assert "The paper's list is defined for an HSE of 50 MHz" in text
    assert re.search(r"pll:4/216/2 +216 ", text)


def test_one_sysclk():
    data = json.loads(text_of("--clocks", "all", "--sysclk", "100MHz", "--iso", "--json"))
    assert {entry["sysclk_hz"] for entry in data["settings"]} == {100_000_000}
    assert len(data["settings"]) == len(data["iso"]) == 58
    assert [entry["clock"] for entry in data["iso"] if entry["chosen"]] == ["pll:25/100/2"]
    assert data["switching"] is None


def test_the_hse_itself_is_the_cheapest_50_mhz():
    data = json.loads(text_of("--clocks", "hse,pll:50/100/2", "--iso", "--json"))
    assert [entry["clock"] for entry in data["iso"] if entry["chosen"]] == ["hse"]
    assert "hsi" not in text_of("--clocks", "hse,pll:50/100/2", "--iso")


@pytest.mark.parametrize("iso", [(), ("--iso",)])
def test_the_csv_file(tmp_path, iso):
    path = tmp_path / "settings.csv"
    text_of("--clocks", "paper", "--csv", str(path), *iso)
    with path.open(newline="") as file:
        records = list(csv.DictReader(file))
    names = {record["clock"] for record in records}
    assert "pll:25/216/2" in names
    assert ("pll:50/432/2" in names) == bool(iso)
    assert float(records[0]["run_current_a"]) == pytest.approx(0.01997, abs=1e-5)
    assert len(records) == (8 if not iso else len(names))
    assert ("chosen" in records[0]) == bool(iso)


@pytest.mark.board
def test_the_matrix_as_table_and_as_json():
    arguments = ("--clocks", "pll:25/100/2,pll:25/216/2", "--matrix")
    text = text_of(*arguments)
    assert re.search(r"^pll:25/100/2 +\([\d.]+\) +[\d.]+ +2\d\d\.\d\d +– ", text, re.MULTILINE)
    data = json.loads(text_of(*arguments, "--iso", "--json"))
    costs = SwitchCosts.from_dict(data["switching"])
    assert [str(state) for state in costs.states][:3] == ["hsi", "pll:25/100/2", "pll:25/216/2"]
    assert mistakes(data) == []


@pytest.mark.board
def test_the_matrix_takes_the_users_lock_time():
    def relock_s(lock):
        text = text_of(
            "--clocks", "pll:25/100/2,pll:25/60/4", "--matrix", "--pll-lock", lock, "--json"
        )
        return json.loads(text)["switching"]["time_s"][1][2]

    assert relock_s("300us") - relock_s("100us") == pytest.approx(200e-6, abs=2e-6)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--hse", "51MHz"), 2, "HSE of 51 MHz; an external clock (HSEBYP) may have 1 MHz to 50"),
        (("--hse", "1MHz"), 2, "HSE of 1 MHz cannot feed the PLL"),
        (("--hse", "fast"), 2, "'fast' is no frequency"),
        (("--clocks", "nothing"), 2, "a name is allowed too: paper, edges, default, all"),
        (("--clocks", ""), 2, "the list of clocks is empty"),
        (("--clocks", "hse,pll:25/432/2"), 2, "VCO 50 MHz / 25 x 432 = 864 MHz"),
        (("--sysclk", "101MHz"), 1, "the nearest are 100 MHz and 108 MHz"),
        (("--clocks", "all", "--matrix"), 1, "at most 30 can be changed between"),
        (("--clocks", "hse:ahb2", "--matrix"), 1, "no AHB prescaler is allowed"),
        (("--csv", "nowhere/x.csv"), 2, "the folder nowhere does not exist"),
        (("--csv", "x.txt"), 2, "the name has to end with .csv"),
    ],
)
def test_bad_input_is_told_in_one_message(arguments, code, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []

"""Published figures of the chip, and rules with known answers, on the virtual board."""

import json
import math
from itertools import pairwise

import pytest
from click.testing import CliRunner
from json_document import mistakes
from small_model import small_model

import dvfs_kernel
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.evidence.validation import Figure, currents, rules, summarise
from dvfs_kernel.evidence.validation.figure import GROUPS
from dvfs_kernel.evidence.validation.program import CACHES_OFF, CACHES_ON, Setup, benchmarks

pytestmark = pytest.mark.board

TIMING = TimingParameters()
FLASH_DATA = 0x08100000
SRAM_DATA = 0x20020000
LINES = 256  # 8 KB: half of the data cache
ART_OFF, ART_ON = 0, 0x300


@pytest.fixture(scope="module")
def validated():
    """Run the command once, without sources of the user; yield its result and its figures."""
    kept = []
    validate = dvfs_kernel.validate

    def remembered(**arguments):
        kept.append(validate(**arguments))
        return kept[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dvfs_kernel, "validate", remembered)
        result = CliRunner().invoke(cli, ["validate"])
    assert result.exit_code == 0, result.output
    return result, json.loads(json.dumps(kept[0].to_dict()))


def figures_of(validated, group):
    _, document = validated
    found = [dict(one) for one in document["figures"] if one["group"] == group]
    errors = [one.pop("error") for one in found]
    figures = [Figure(**one) for one in found]
    assert errors == [figure.error for figure in figures]
    return figures


def test_every_pipeline_rule_takes_its_cycles_exactly(validated):
    found = figures_of(validated, "rules")
    assert len(found) == len(rules.RULES) >= 40
    for figure in found:
        assert figure.found == figure.published, figure.name


def test_cycle_figures_are_as_near_as_promised(validated):
    found = figures_of(validated, "cycles")
    assert len(found) == 10
    (summary,) = summarise(found)
    assert summary.mean <= 0.05
    assert summary.worst <= 0.12


def test_times_are_as_near_as_a_polling_program_can_tell(validated):
    found = figures_of(validated, "times")
    assert len(found) == 13
    (summary,) = summarise(found)
    assert summary.mean <= 0.05
    assert summary.worst <= 0.12
    # What a program sees is never before what the data sheet says.
    assert all(figure.error >= 0 for figure in found)


def test_current_rows_are_as_near_as_promised(validated):
    rows = figures_of(validated, "current")
    assert len(rows) == 8 * 7
    assert sum(bool(figure.excepted) for figure in rows) == len(currents.CONTRADICTING)
    (summary,) = summarise(rows)
    assert summary.mean <= 0.02
    assert summary.worst <= 0.06


# ---- memories --------------------------------------------------------------------------------


def turn_cycles(function, wait_states, *, caches=CACHES_ON, acr=0, data=FLASH_DATA, turns=LINES):
    setup = Setup(wait_states | acr, caches)
    return benchmarks(TIMING).run(function, turns, setup, data=data)[0]


def test_a_line_of_cold_data_waits_for_its_flash_word_at_every_setting():
    # The program itself waits too, but for the same words at any number of lines.
    per_line = [
        (turn_cycles("micro_read_lines", n) - turn_cycles("micro_read_lines", n, turns=LINES // 2))
        / (LINES // 2)
        for n in range(8)
    ]
    assert [b - a for a, b in pairwise(per_line)] == [1.0] * 7
    assert per_line[0] == 2 + TIMING.flash_line_latency + TIMING.flash_access_extra


def test_lines_that_the_cache_holds_wait_for_nothing():
    def cycles_of(repeated):
        return turn_cycles("micro_read_lines", 7, data=SRAM_DATA, turns=repeated)

    cold = (cycles_of(LINES) - cycles_of(LINES // 2)) / (LINES // 2)
    assert cold == 2 + TIMING.sram_line_cycles
    tcm = (
        turn_cycles("micro_read_lines", 7, data=0x20008000)
        - turn_cycles("micro_read_lines", 7, data=0x20008000, turns=LINES // 2)
    ) / (LINES // 2)
    assert tcm == 2


def test_code_lines_wait_for_flash_without_caches_and_once_with():
    def second_turn(wait_states, caches, acr=0):
        # 16 KB of code, one jump a line: the second turn finds what the caches hold.
        once, twice = (
            turn_cycles("micro_code_lines", wait_states, caches=caches, acr=acr, turns=turns)
            for turns in (1, 2)
        )
        return twice - once

    uncached = [second_turn(n, CACHES_OFF) for n in (0, 3, 7)]
    assert uncached[1] - uncached[0] == pytest.approx(3 * 512, rel=0.01)
    assert uncached[2] - uncached[0] == pytest.approx(7 * 512, rel=0.01)
    assert second_turn(7, CACHES_ON) < 0.2 * uncached[2]


def test_full_lines_of_stores_stream():
    def per_line(function):
        few, many = (
            turn_cycles(function, 7, data=SRAM_DATA, turns=turns) for turns in (LINES, 2 * LINES)
        )
        return (many - few) / LINES

    # Eight stores and the loop's cycle, and what a line that streams costs.
    assert per_line("micro_write_all") == pytest.approx(9 + TIMING.streaming_store_cycles, abs=1)
    assert per_line("micro_write_lines") > 2


# ---- the command -----------------------------------------------------------------------------


@pytest.fixture
def dvfs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, [*arguments])


def test_the_command_prints_every_figure_and_writes_them(validated):
    result, document = validated
    assert mistakes(document) == []
    for figure in document["figures"]:
        assert figure["name"].split()[0] in result.stdout
        assert math.isfinite(figure["error"])
    assert [group["group"] for group in document["groups"]] == list(GROUPS)
    assert "github.com/eembc/coremark" in result.stderr
    assert "Dhrystone was left out" in result.stderr


@pytest.mark.parametrize("name", ["coremark", "dhrystone"])
def test_a_folder_without_sources_is_told_before_any_work(dvfs, tmp_path, name):
    result = dvfs("validate", f"--{name}", str(tmp_path), "--json")
    assert result.exit_code == 1
    assert "they come from" in result.stderr
    assert list(tmp_path.iterdir()) == []


DHRYSTONE = {
    "dhry.h": "extern long Begin_Time, End_Time; void work(void);",
    "dhry_1.c": """
#include <stdio.h>
#include "dhry.h"
long Begin_Time, End_Time;
long time();
int main() {
    int runs, i;
    scanf("%d", &runs);
    Begin_Time = time((long *)0);
    for (i = 0; i < runs; i++) work();
    End_Time = time((long *)0);
    return 0;
}""",
    "dhry_2.c": """
#include "dhry.h"
volatile int count;
void work(void) { int i; for (i = 0; i < 100; i++) count++; }
""",
}


def test_sources_that_the_user_has_are_built_and_run(dvfs, tmp_path):
    """Made-up sources with the form of Dhrystone's: these are not its score."""
    from dvfs_kernel.evidence.validation.user_programs import measure_dhrystone  # noqa: PLC0415

    for name, text in DHRYSTONE.items():
        (tmp_path / name).write_text(text)
    score, flash, sram, tcm = measure_dhrystone(tmp_path, TIMING)
    # A hundred turns of a load, an addition and a store that wait for each other: 3 cycles each.
    assert 1e6 / score.found / 1757 == pytest.approx(300, rel=0.4)
    assert flash.found > sram.found > 1
    assert tcm.found == pytest.approx(1, rel=1e-3)
    (tmp_path / "dhry_2.c").write_text("this is no C")
    result = dvfs("validate", "--dhrystone", str(tmp_path))
    assert result.exit_code == 1
    assert "Dhrystone cannot be built" in result.stderr


def test_a_profile_changes_what_runs_take(dvfs, tmp_path):
    (tmp_path / "small.tflite").write_bytes(small_model())

    def totals(*arguments):
        result = dvfs("infer", "small.tflite", "--json", *arguments)
        assert result.exit_code == 0, result.output
        of_all = json.loads(result.stdout)["profile"]["totals"]
        return of_all["cycles"], of_all["energy_j"]

    plain = totals()
    (tmp_path / "empty.toml").write_text("")
    assert totals("--profile", "empty.toml") == plain
    (tmp_path / "slow.toml").write_text("[timing]\nflash_line_latency = 20\n")
    assert totals("--profile", "slow.toml")[0] > plain[0]
    (tmp_path / "hot.toml").write_text("[current]\nstatic_a = 20e-3\n")
    cycles_, energy_j = totals("--profile", "hot.toml")
    assert (cycles_, energy_j > plain[1]) == (plain[0], True)
    result = dvfs("infer", "small.tflite", "--profile", "none.toml")
    assert result.exit_code == 1
    assert "none.toml: No such file" in result.stderr


def test_a_band_has_no_error_inside():
    def figure(found):
        return Figure("times", "", 10.0, found, "ms", "", "sourced", band=20.0)

    assert [figure(found).error for found in (10, 15, 20)] == [0, 0, 0]
    assert figure(9).error == pytest.approx(-0.1)
    assert figure(22).error == pytest.approx(0.1)

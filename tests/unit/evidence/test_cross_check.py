"""What a comparison of two engines says, on runs that are made up."""

from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from json_document import mistakes
from networks import two_layers

import dvfs_kernel as dvfs
from dvfs_kernel.boards.base import Emulation
from dvfs_kernel.boards.ground_truth import InferenceTruth, Stretch
from dvfs_kernel.boards.renode import installation
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import FileFormatError, RenodeUnavailableError, VerificationError
from dvfs_kernel.evidence.cross_check import CrossCheck, EngineRun, compare, usual_schedules
from dvfs_kernel.evidence.cross_check import sheets as cross_check_tables
from dvfs_kernel.link import abi

OTHER, SWITCHING = abi.Segment.OTHER, abi.Segment.SWITCHING
S = 10**12


def run(*stretches, output=(1, 2), traffic=("rcc.CR < 1",), unknown=0):
    """Return a run of ``(layer, segment, instructions, seconds, joules)``."""
    found, now_ps = [], 0
    for layer, segment, instructions, time_s, energy_j in stretches:
        end_ps = now_ps + round(time_s * S)
        found.append(
            Stretch(layer, segment, now_ps, end_ps, 1, energy_j, instructions=instructions)
        )
        now_ps = end_ps
    truth = InferenceTruth(tuple(found), (), sum(stretch.energy_j for stretch in found), len(found))
    result = SimpleNamespace(
        outputs=(np.array(output, np.int8),),
        emulation=Emulation(1_000_000, 0.5),
        inference_truth=truth,
    )
    return EngineRun(result, tuple(traffic), unknown)


PLAIN = (
    (None, OTHER, 30, 1e-6, 1e-9),
    (0, SWITCHING, 4000, 2e-4, 1e-6),
    (0, OTHER, 999, 1e-3, 1e-4),
    (0, OTHER, 1, 1e-3, 1e-4),
)


def changed(number, **changes):
    names = ("layer", "segment", "instructions", "time_s", "energy_j")
    rows = [dict(zip(names, row, strict=True)) for row in PLAIN]
    rows[number] |= changes
    return run(*(tuple(row.values()) for row in rows))


def failures(there, fidelity="cycles"):
    return list(compare("one", fidelity, run(*PLAIN), there).failures())


def test_equal_runs_agree():
    comparison = compare("one", "cycles", run(*PLAIN), run(*PLAIN))
    assert list(comparison.failures()) == []
    assert [(part.layer, part.segment, part.stretches) for part in comparison.parts] == [
        (None, OTHER, 1),
        (0, SWITCHING, 1),
        (0, OTHER, 2),
    ]
    assert comparison.instructions == (5030, 5030)
    assert comparison.time_deviation == comparison.energy_deviation == 0


@given(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_more_than_a_hundredth_of_time_or_energy_is_told_at_cycles(time, energy):
    there = changed(1, time_s=2e-4 * (1 + time), energy_j=1e-6 * (1 + energy))
    (part,) = [
        part
        for part in compare("one", "cycles", run(*PLAIN), there).parts
        if part.segment is SWITCHING
    ]
    assert part.time_deviation == pytest.approx(time, abs=1e-7)
    assert part.energy_deviation == pytest.approx(energy, abs=1e-7)
    told = failures(there)
    assert len(told) == (abs(part.time_deviation) > 0.01) + (abs(part.energy_deviation) > 0.01)
    assert failures(there, "fast") == []


@pytest.mark.parametrize(
    ("there", "fidelity", "message"),
    [
        (run(*PLAIN, output=(1, 3)), "fast", "one at fast: the output tensors differ"),
        (run(*PLAIN, traffic=()), "fast",
         "access 0 is rcc.CR < 1 on the embedded engine, nothing on Renode"),
        (run(*PLAIN, unknown=2), "cycles", "2 pieces are not in the table of costs"),
        (changed(2, instructions=1200), "fast",
         "one at fast, layer 0, other: 1000 instructions here, 1201 on Renode"),
        (changed(1, instructions=4200), "cycles", "layer 0, switching: 4000 instructions here"),
    ],
)  # fmt: skip
def test_what_differs_is_named(there, fidelity, message):
    (told,) = failures(there, fidelity)
    assert message in told


def test_a_block_of_instructions_or_a_pass_of_a_wait_is_no_difference():
    assert failures(changed(0, instructions=90)) == []
    assert failures(changed(1, instructions=4072)) == []
    assert failures(changed(1, instructions=9000), "fast") == []


def test_other_stretches_cannot_be_compared():
    with pytest.raises(VerificationError, match="4 on the embedded engine, 3 on Renode"):
        compare("one", "fast", run(*PLAIN), run(*PLAIN[:3]))


def checked(*there):
    comparisons = tuple(
        compare(f"schedule {number}", "cycles", run(*PLAIN), other)
        for number, other in enumerate(there)
    )
    return CrossCheck("two", comparisons, "4 1 1")


def test_the_document_is_as_its_schema_says():
    assert mistakes(checked(run(*PLAIN), run(*PLAIN, output=(1, 3))).to_dict()) == []


def test_disagreement_is_an_error_that_counts():
    checked(run(*PLAIN)).verify()
    with pytest.raises(VerificationError, match=r"schedule 0 at cycles: the output.*and 1 more"):
        checked(run(*PLAIN, output=(3, 3)), run(*PLAIN, traffic=())).verify()


def test_the_result_tells_what_it_is():
    result = dvfs.CrossCheckResult(checked(run(*PLAIN)))
    assert repr(result) == "<Cross-check of two, 1 comparisons: the engines agree>"
    assert next(sheet.title for sheet in result.sheets) == "What has to be the same"
    assert (result.rows[1]["segment"], result.rows[1]["renode_instructions"]) == ("switching", 4000)
    assert len(result.to_pandas()) == 3
    assert "same output" in result._repr_html_()
    assert result.to_dict() == result.checked.to_dict()
    other = dvfs.CrossCheckResult(checked(run(*PLAIN, output=(3, 3)), run(*PLAIN, traffic=())))
    assert repr(other).endswith("schedule 0 at cycles: the output tensors differ (of 2)>")
    with pytest.raises(VerificationError, match="and 1 more"):
        other.verify()


def test_a_page_gets_the_tables_and_keeps_the_rest(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n\n<!-- dvfs cross-check -->\nold\n<!-- end -->\n\nThe rest.\n")
    for _ in range(2):
        cross_check_tables.update_page(page, checked(run(*PLAIN)))
    text = page.read_text()
    assert text.startswith("# Title\n\n<!-- dvfs cross-check -->\n")
    assert text.endswith("<!-- end -->\n\nThe rest.\n")
    assert "old" not in text
    assert "| schedule 0 | cycles | the same | the same | 3 | 3 | 0 | 5,030 | +0 |" in text
    assert text.count("### Time and energy") == 1


def test_a_page_without_a_place_is_refused_before_anything_runs(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n")
    with pytest.raises(FileFormatError, match="no place for the tables"):
        cross_check_tables.check_page(page)
    result = CliRunner().invoke(cli, ["cross-check", "vww", "--markdown", str(page)])
    assert result.exit_code == 1
    assert "no place for the tables" in result.output


def test_without_renode_the_command_says_so_at_once(monkeypatch):
    def absent():
        raise RenodeUnavailableError("Renode is not installed")

    monkeypatch.setattr(installation, "find", absent)
    result = CliRunner().invoke(cli, ["cross-check"])
    assert result.exit_code == 1
    assert result.output == "Error: Renode is not installed\n"


def test_the_usual_schedules_are_legal_and_differ():
    for hse_hz in (50_000_000, 8_000_000):
        schedules = usual_schedules(two_layers(), hse_hz)
        assert list(schedules) == ["one clock", "hops", "relocks"]
        assert schedules["hops"].layers[1].lfo is not None
        assert schedules["relocks"].layers[0].hfo != schedules["relocks"].layers[1].hfo

"""Names of boards that are not open yet."""

import pickle

import pytest

from dvfs_kernel.boards.spec import KINDS, BoardSpec
from dvfs_kernel.clocks.pll_lock import PllLock
from dvfs_kernel.errors import BoardError


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_reads_back_from_its_text(kind):
    spec = BoardSpec.parse(kind.upper())
    assert spec == BoardSpec(kind)
    assert BoardSpec.parse(str(spec)) == spec


@pytest.mark.parametrize("detail", KINDS["renode"])
def test_renode_has_levels_of_fidelity(detail):
    spec = BoardSpec.parse(f"renode:{detail}")
    assert (spec.kind, spec.detail, str(spec)) == ("renode", detail, f"renode:{detail}")
    assert not spec.has_counters


def test_kept_runs_know_the_default_level_by_its_name():
    assert BoardSpec("renode").key() == BoardSpec("renode", "fast").key()
    assert BoardSpec("renode").key() != BoardSpec("renode", "cycles").key()


def test_a_spec_survives_pickling():
    spec = BoardSpec(hse_hz=8_000_000, pll_lock=PllLock.lasting(75e-6))
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("toaster", "board 'toaster' is unknown; allowed: virtual, renode[:fast|cycles]"),
        ("", "board '' is unknown; allowed: virtual"),
        ("virtual:fast", "board virtual:fast is unknown: nothing may stand behind virtual"),
        ("renode:slow", "board renode:slow is unknown: fast or cycles may stand behind renode"),
    ],
)
def test_a_wrong_name_tells_what_is_allowed(text, message):
    with pytest.raises(BoardError) as caught:
        BoardSpec.parse(text)
    assert str(caught.value).startswith(message)


def test_an_open_board_has_the_clock_that_was_asked_for():
    with BoardSpec(hse_hz=8_000_000).open() as board:
        assert board.hse_hz == 8_000_000

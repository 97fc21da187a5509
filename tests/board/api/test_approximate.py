"""``dvfs.approximate`` as a whole, on a small network."""

import json

import pytest
from json_document import mistakes
from tiny_classifier import its_data, tiny_classifier

import dvfs_kernel as dvfs

CLOCKS = "pll:25/216/2,pll:25/100/2"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def found(kept, tmp_path_factory):
    network = tiny_classifier()
    return dvfs.approximate(
        network,
        data=its_data(network),
        loss=(0, 5),
        latency=("10ms",),
        clocks=CLOCKS,
        granularities=(0,),
        search_time="20s",
        output=tmp_path_factory.mktemp("report"),
        cache=kept,
        executor="here",
        progress=False,
    )


def test_everything_that_ran_gives_the_interpreters_bytes(found):
    found.verify()
    assert all(row["same_output"] for row in found.rows)
    assert {row["name"] for row in found.rows} == {
        "baseline",
        "race-to-stop",
        "dvfs",
        "unpacking",
        "unpacking-dvfs",
        "skipping",
        "joint",
    }


def test_techniques_together_take_less_than_each_alone(found):
    by_name = {(row["name"], row["loss_points"]): row["window_j"] for row in found.rows}
    assert by_name["joint", 5.0] <= by_name["dvfs", None] * 1.001
    assert by_name["joint", 5.0] <= by_name["unpacking", None] * 1.001
    assert by_name["unpacking-dvfs", None] <= by_name["dvfs", None] * 1.001


def test_points_say_what_they_lose_on_test_images(found):
    first, *others = found.points
    assert first["name"] == "exact"
    assert first["loss_points"] == 0
    assert others
    for row in found.points:
        assert row["low"] <= row["accuracy"] <= row["high"]
    (chosen,) = (row for row in found.points if 5.0 in row["chosen_for"])
    assert chosen["search_loss_points"] <= 5
    assert chosen["skipped_share"] > 0
    assert chosen["latency_s"] < first["latency_s"]


def test_the_folder_has_document_page_figures_and_plans(found):
    folder = found.page.parent
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert mistakes(document) == []
    assert (folder / "figures" / "accuracy-frontier.svg").exists()
    assert (folder / "skip-loss5.json").exists()
    page = found.page.read_text(encoding="utf-8")
    assert "Top-1, test" in page


def test_exact_needs_no_data_and_finds_what_is_kept(found, kept):
    exact = dvfs.approximate(
        tiny_classifier(),
        exact=True,
        latency=("10ms",),
        clocks=CLOCKS,
        granularities=(0,),
        cache=kept,
        executor="here",
        progress=False,
    )
    assert [row["name"] for row in exact.rows] == [
        "baseline",
        "race-to-stop",
        "dvfs",
        "unpacking",
        "unpacking-dvfs",
    ]
    same = {row["name"]: row["window_j"] for row in found.rows}
    assert exact.rows[2]["window_j"] == same["dvfs"]


def test_a_budget_of_flash_is_kept_or_refused(kept):
    arguments = {"exact": True, "latency": ("10ms",), "clocks": CLOCKS, "granularities": (0,)}
    with pytest.raises(dvfs.NetworkTooLargeError, match="1000 bytes is below that"):
        dvfs.approximate(tiny_classifier(), flash=1000, cache=kept, progress=False, **arguments)
    tight = dvfs.approximate(
        tiny_classifier(),
        flash="9KiB",
        cache=kept,
        executor="here",
        progress=False,
        **arguments,
    )
    assert all(row["flash_bytes"] <= 9 << 10 for row in tight.rows)

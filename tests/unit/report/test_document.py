"""The report's document: read back as written, and refused with its fault named."""

import re

import pytest
from json_document import mistakes
from report_document import run_named

from dvfs_kernel.errors import DvfsError, FileFormatError
from dvfs_kernel.report.document import check, load, to_json


def test_what_is_written_is_read_back(document, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(to_json(document), encoding="utf-8")
    assert load(path) == document


DAMAGE = {
    "no object": (lambda _: 7, "a report is a JSON object, not 7"),
    "another schema": (
        lambda d: d | {"schema": "dvfs-kernel/profile"},
        "schema is \"dvfs-kernel/profile\", version 1; 'dvfs-kernel/report', version 1 is allowed",
    ),
    "another version": (lambda d: d | {"schema_version": 2}, "version 2"),
    "a field missing": (
        lambda d: d["bounds"][1]["runs"][0].pop("title"),
        "bounds[1].runs[0]: the field 'title' is missing",
    ),
    "a wrong type": (
        lambda d: d["bounds"][0].update(bound_s="fast"),
        'bounds[0].bound_s: "fast" is not allowed; number is',
    ),
    "negative": (
        lambda d: d["layers"][2]["points"][0].update(time_s=-1.0),
        "layers[2].points[0].time_s: -1.0 is less than the minimum of 0",
    ),
    "no bounds": (lambda d: d.update(bounds=[]), "bounds: [] should be non-empty"),
    "layers out of order": (
        lambda d: d["network"]["layers"].reverse(),
        "network.layers have the indices [3, 2, 1, 0]; 0 to 3 in order is allowed",
    ),
    "an unknown layer": (
        lambda d: d["figures"]["fig4"][0].update(layer=9),
        "figures.fig4[0]: layer is 9; the network has layers 0 to 3",
    ),
    "layers left out of a run": (
        lambda d: run_named(d, 1, "dvfs")["layers"].pop(),
        "bounds[1].runs[7].layers has 3 entries; 4 is allowed",
    ),
    "runs of one name": (
        lambda d: run_named(d, 0, "dvfs").update(name="tinyengine"),
        "bounds[0].runs: two runs have the same name",
    ),
    "half a frontier": (
        lambda d: d["frontier"]["time_s"].pop(),
        "frontier has 2 times and 3 energies",
    ),
    "a matrix that is not square": (
        lambda d: d["clocks"]["switching"]["time_s"].pop(),
        "clocks.switching.time_s has rows or columns of [1, 2]; 2 × 2 is allowed",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_document_is_refused(document, damage):
    spoil, message = DAMAGE[damage]
    result = spoil(document)
    # A damage either returns another document or changes this one.
    spoilt = result if damage in ("no object", "another schema", "another version") else document
    with pytest.raises(FileFormatError, match=re.escape(message)) as caught:
        check(spoilt)
    assert isinstance(caught.value, DvfsError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file: Expecting property name"),
        ("[NaN]", "not a JSON file: NaN is no JSON number; null is allowed"),
        ("[]", "a report is a JSON object, not []"),
        (b"\xff\xfe", "not a JSON file"),
    ],
)
def test_a_file_of_another_kind_is_refused(text, message, tmp_path):
    path = tmp_path / "odd.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FileFormatError, match=f"odd.json: {re.escape(message)}"):
        load(path)


def test_fields_may_be_added(document):
    document["bounds"][0]["runs"][0]["temperature_c"] = 25
    assert check(document) is document


def test_the_document_of_the_tests_is_as_the_schema_says(document):
    document["paper"] = [
        {"quantity": "", "paper": 0, "ours": 0, "unit": "1", "where": "", "remark": ""}
    ]
    assert mistakes(check(document)) == []

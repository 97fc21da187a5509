"""Two reports side by side: what differs, why, and what cannot be compared."""

import json

import pytest
from click.testing import CliRunner
from report_document import report_document, run_named

import dvfs_kernel as dvfs
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.report.document import to_json


@pytest.fixture
def after(document):
    """Return a report with another parameter, another firmware, and one layer chosen otherwise."""
    document["parameters"][0]["value"] = 3.0
    document["firmware_build_id"] = "12345678"
    document["versions"]["numba"] = "1.0"
    layers = run_named(document, 0, "dvfs")["layers"]
    layers[2] |= {"granularity": 16, "executed_s": 0.004, "executed_j": 0.001}
    layers[1] |= {"executed_s": 0.006}
    layers[0] |= {"hfo": "hse", "sysclk_hz": 50e6, "lfo": "hse"}
    return document


def compared(one, other, **options):
    return dvfs.compare_reports(one, other, **options).difference


def test_the_same_report_does_not_differ(document):
    found = dvfs.compare_reports(report_document(), document)
    assert found.difference.causes == found.difference.layers == ()
    assert len(found.difference.runs) == sum(len(b["runs"]) for b in document["bounds"])
    assert found.told[0].startswith("What went into both is the same")
    assert "as much as before" in found.told[1]
    assert found.rows == []


def test_what_went_in_is_named(after):
    causes = compared(report_document(), after).causes
    assert [str(cause) for cause in causes] == [
        "firmware build: 0badcafe → 12345678",
        "parameter supply: 3.3 V → 3 V",
        "version numba: not there → 1.0",
    ]


def test_layers_have_the_reason_where_it_is_known(after):
    found = {layer.layer: layer for layer in compared(report_document(), after).layers}
    assert {name: layer.reason for name, layer in found.items()} == {
        "layer0": "another clock, another LFO",
        "layer1": "the same choice; what changed is firmware, parameter, version",
        "layer2": "another granularity",
    }
    assert found["layer2"].choice == (
        "216 MHz (pll:25/216/2), g 4, LFO hse",
        "216 MHz (pll:25/216/2), g 16, LFO hse",
    )
    assert found["layer2"].time_s == (0.00502, 0.004)


def test_a_cause_that_is_not_known_is_not_made_up(document):
    run_named(document, 0, "dvfs")["layers"][1]["executed_s"] = 0.006
    (layer,) = compared(report_document(), document).layers
    assert layer.reason.startswith("the same choice and nothing else changed")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda d: d["bounds"][0].update(name="20 %") or d["bounds"].pop(),
            "have no bound of the same name: 10 %, 50 % there, 20 % here",
        ),
        (
            lambda d: [
                layer.update(name=f"other {layer['index']}") for layer in d["network"]["layers"]
            ],
            "they have no layer of the same name",
        ),
    ],
)
def test_what_has_nothing_in_common_is_refused(document, damage, message):
    damage(document)
    with pytest.raises(dvfs.ReportError, match=message):
        compared(report_document(), document)


def test_what_only_one_has_is_said(document):
    document["bounds"].pop()
    document["bounds"][0]["runs"] = [
        run for run in document["bounds"][0]["runs"] if run["name"] != "race-to-stop"
    ]
    assert compared(report_document(), document).remarks == (
        "Only before has the bound 50 %.",
        "At 10 %, only before ran race to stop.",
    )


# ---- the command -------------------------------------------------------------------------------


def test_the_command_prints_and_writes_a_page(after, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "report.json").write_text(to_json(report_document()), encoding="utf-8")
    (tmp_path / "b.json").write_text(to_json(after), encoding="utf-8")
    words = ["report", "--compare", str(tmp_path / "a"), str(tmp_path / "b.json")]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    for text in ("0badcafe", "another granularity", "At 10 % the schedule"):
        assert text in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b.json"]
    result = CliRunner().invoke(cli, [*words, "-o", str(tmp_path / "out")])
    page = tmp_path / "out" / "difference.html"
    assert result.stdout.splitlines()[-1] == str(page)
    text = page.read_text(encoding="utf-8")
    for part in ("0badcafe", "another granularity", "prefers-color-scheme", 'scope="col"'):
        assert part in text
    assert "http" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "a DOCUMENT is needed"),
        (["c.json", "--compare", "a.json", "b.json"], "no third"),
        (["--compare", "a.json", "none.json"], "none.json: No such file or directory"),
        (["--compare", "a.json", "b.json"], "b.json: schema is null"),
    ],
)
def test_the_command_refuses(words, message, document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text(to_json(document), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps({}), encoding="utf-8")
    result = CliRunner().invoke(cli, ["report", *words])
    assert result.exit_code
    assert message in result.stderr
    assert result.stdout == ""

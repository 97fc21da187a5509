"""The page and the folder: well-formed, self-contained, the same every time, never half there."""

import csv
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import jsonschema
import pytest
from altair.vegalite.v6 import schema as vega_lite
from click.testing import CliRunner
from PIL import Image
from report_document import report_document, run_named

from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.inference.profile import SUPPLY_V
from dvfs_kernel.report import build, charts, compare, write
from dvfs_kernel.report.document import to_json
from dvfs_kernel.report.figures import figures, is_figure
from dvfs_kernel.report.page_tables import page_tables

VOID = {"meta", "br", "link", "img", "hr", "input"}
SVG = "{http://www.w3.org/2000/svg}"


class Outline(HTMLParser):
    """Checks nesting, and collects what a test asks for."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.ids, self.references, self.tags = [], [], [], []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        assert len(values) == len(attrs), (tag, attrs)
        self.tags.append((tag, values, tuple(self.stack)))
        self.ids += [values["id"]] if "id" in values else []
        self.references += [values[n] for n in ("href", "src", "xlink:href") if n in values]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Write one folder, and note what progress was told."""
    folder, told = tmp_path_factory.mktemp("new") / "out", []
    path = write(folder, report_document(), progress=lambda *args: told.append(args))
    return path, told


@pytest.fixture(scope="module")
def page(written):
    return written[0].read_text(encoding="utf-8")


@pytest.fixture
def short(document):
    """Return a document with two figures, which are quick to draw."""
    document["timeline"] = None
    document["figures"]["fig4"] = document["layers"] = []
    document["frontier"] = {"time_s": [], "energy_j": [], "exact": True}
    document["clocks"]["iso"] = []
    document["clocks"]["switching"] = {"states": [], "time_s": [], "energy_j": []}
    for bound in document["bounds"]:
        for run in bound["runs"]:
            run["executed"] = dict.fromkeys(run["executed"])
            run["predicted"] = dict.fromkeys(run["predicted"])
    for layer in (
        run_named(document, 0, "dvfs")["layers"] + run_named(document, 1, "dvfs")["layers"]
    ):
        layer["executed_s"] = None
    assert [figure.name for figure in figures(document)] == ["schedule-1", "schedule-2"]
    return document


def test_the_page_is_well_formed(page):
    outline = Outline(page)
    assert page.startswith("<!DOCTYPE html>")
    assert len(outline.ids) == len(set(outline.ids))
    inner = {reference[1:] for reference in outline.references if reference.startswith("#")}
    assert inner <= set(outline.ids)
    contents = {one for one in inner if not one.startswith("term-")}
    sections = {values["id"] for tag, values, _ in outline.tags if tag == "section"}
    # The picture belongs to the answer above it; the files are below the contents' page.
    assert contents == sections - {"windows", "files"} | {"contents"}


def test_the_page_needs_no_network(page, written):
    outline = Outline(page)
    inner = [reference for reference in outline.references if reference.startswith("#")]
    files = {reference for reference in outline.references if reference not in inner}
    assert all((written[0].parent / name).is_file() for name in files)
    everything = {
        str(path.relative_to(written[0].parent))
        for path in written[0].parent.rglob("*.*")
        if path.is_file()
    }
    assert files == everything - {"report.html"}
    assert not {tag for tag, _, _ in outline.tags} & {"script", "link", "iframe", "img", "object"}
    assert not re.search(r"@import|url\((?!#)", page)
    # Names of XML namespaces are no addresses to fetch.
    addresses = re.findall(r"https?://[^\s\"<)]+", page)
    assert {a for a in addresses if not a.startswith("http://www.w3.org/")} == set()


def test_the_page_can_be_read_without_seeing_it(page):
    outline = Outline(page)
    tags = [tag for tag, _, _ in outline.tags]
    assert tags.count("caption") == tags.count("table")
    assert tags.count("figcaption") == tags.count("figure") == tags.count("details")
    assert tags.count("svg") == 2 * tags.count("figure")  # for a wide and for a narrow screen
    for tag, values, _ in outline.tags:
        if tag == "svg":
            assert values["role"] == "img"
            assert len(values["aria-label"]) > 20
        if tag == "th":
            assert values["scope"] in ("row", "col")
    assert re.search(r'<html lang="en">', page)


def test_texts_of_the_document_are_escaped(page, document):
    assert "tiny &lt;&amp;&gt; network" in page
    assert "DS Table 24 &lt;typical&gt;" in page
    assert document["network"]["name"] not in page


def test_the_page_follows_light_and_dark_and_paper(page):
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert "$" not in style
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style
    # Every colour of text and lines in the drawings is one that the style sheet exchanges.
    exchanged = set(re.findall(r'\[(?:fill|stroke)="(#[0-9a-f]{6})"\]', style))
    texts = set(re.findall(r'<text [^>]*fill="([^"]+)"', page))
    assert texts <= exchanged | {"#101010", "#fefefe"}  # the latter stand on a cell's own colour


def test_the_page_says_what_there_is_to_say(page):
    told = re.sub(r"<[^>]+>", "", page)
    for text in (
        "DVFS saves 37.7\u202f%",
        "25.2\u202f%",
        "VCO 75 MHz; allowed: 100 to 432 MHz",
        "0badcafe",
        "dvfs run tiny --qos 10 50",
        "with PLLP = 2, makes that 216 MHz",
    ):
        assert text in told, text


def test_a_clock_stands_with_its_rate_source_and_voltage_scale(page):
    tables = {
        name: list(csv.DictReader(text.splitlines())) for name, text in page_tables(page).items()
    }
    clock = next(row for row in tables["clock-settings"] if row["clock"] == "pll:25/216/2")
    assert (clock["source"], clock["SYSCLK MHz"], clock["voltage scale"]) == (
        "PLL on HSE", "216", "3 + OD"
    )  # fmt: skip
    layer = tables["layers-at-the-bound-10"][0]
    assert (layer["HFO"], layer["MHz"], layer["scale"]) == ("pll:25/216/2", "216", "3 + OD")


def test_the_same_document_gives_the_same_bytes(page, short, tmp_path):
    full = report_document()
    assert build(full | {"paper": compare(full)}) == page
    contents = []
    for name in ("a", "b"):
        write(tmp_path / name, short)
        found = (tmp_path / name).rglob("*.*")
        contents.append({p.relative_to(tmp_path / name): p.read_bytes() for p in found})
    assert contents[0] == contents[1]
    assert sum(path.parts[0] == "figures" for path in contents[0]) == 6


def test_the_folder(document, written):
    path, told = written
    assert path.name == "report.html"
    stored = json.loads((path.parent / "report.json").read_text(encoding="utf-8"))
    assert stored == document | {"paper": compare(document)}
    names = [figure.name for figure in figures(document)]
    assert told[0] == ("figures", 0, len(names))
    assert told[-1] == ("figures", len(names), len(names))
    assert all(map(is_figure, names))
    assert {p.name for p in (path.parent / "figures").iterdir()} == {
        f"{name}.{kind}" for name in names for kind in ("svg", "png", "csv")
    }
    for name in names:
        ET.parse(path.parent / "figures" / f"{name}.svg")  # noqa: S314  our own file
        with Image.open(path.parent / "figures" / f"{name}.png") as image:
            assert image.width > 600
            assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_figures_of_an_earlier_report_go_and_others_stay(short, tmp_path):
    write(tmp_path, short)
    (tmp_path / "figures" / "mine.png").write_bytes(b"mine")
    short["bounds"].pop()
    write(tmp_path, short)
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"mine.png", "schedule-1.svg", "schedule-1.png", "schedule-1.csv"}
    tables = {path.name for path in (tmp_path / "tables").iterdir()}
    assert "layers-at-the-bound-10.csv" in tables
    assert "layers-at-the-bound-50.csv" not in tables


def test_charts_hold_to_the_schema_of_vega_lite(document):
    schema = vega_lite.load_schema()
    validator = jsonschema.Draft7Validator(schema)
    for figure in figures(document):
        specification = figure.chart.to_dict()
        assert specification["$schema"] == vega_lite.SCHEMA_URL
        assert next(validator.iter_errors(specification), None) is None, figure.name
        assert len(specification["description"]) > 20


def test_the_tables_are_files(page, written):
    """Every table of the page that is not behind a figure, with the same cells."""
    tables = page_tables(page)
    assert len(tables) == page.count("<table") - page.count('aria-label="Data of figure')
    for name, text in tables.items():
        assert (written[0].parent / "tables" / f"{name}.csv").read_text(encoding="utf-8") == text
        rows = list(csv.reader(text.splitlines()))
        assert len({len(row) for row in rows}) == 1
        assert len(rows) > 1
    runs = list(csv.DictReader(tables["runs-at-the-bound-10"].splitlines()))
    assert (runs[0]["run"], runs[0]["window mJ"], runs[0]["saved"]) == ("tinyengine", "10.000", "")


def test_a_figure_has_its_data_as_a_table_and_as_a_file(page, document, written):
    for figure in figures(document):
        text = (written[0].parent / "figures" / f"{figure.name}.csv").read_text(encoding="utf-8")
        rows = [row for row in csv.reader(text.splitlines()) if row]
        assert len(rows) == sum(1 + len(table.rows) for table in figure.tables())
        assert f'aria-label="Data of figure {figure.name}' in page


def test_every_bound_has_its_timeline(document):
    document["further_timelines"] = [
        {**document["timeline"], "bound": "50 %", "window_s": 0.03, "title": "tiny at 50 %"}
    ]
    names = [figure.name for figure in figures(document)]
    assert [name for name in names if name.startswith("timeline")] == [
        "timeline", "timeline-layer", "timeline-2", "timeline-2-layer"
    ]  # fmt: skip
    drawn = next(figure for figure in figures(document) if figure.name == "timeline-2")
    bars, lines = drawn.tables()
    kinds = {row[bars.heads.index("kind")] for row in bars.rows}
    assert kinds == {"memory", "compute", "idle"}
    assert max(row[bars.heads.index("to (ms)")] for row in bars.rows) == pytest.approx(30)
    idle_ma = 1e3 * run_named(document, 1, "dvfs")["executed"]["idle_j"] / 0.021 / SUPPLY_V
    assert lines.rows[-1][lines.heads.index("current (mA)")] == pytest.approx(idle_ma)


def test_a_drawing_tells_its_values(document):
    by_name = {figure.name: figure.chart for figure in figures(document)}
    root = ET.fromstring(charts.to_svg(by_name["iso-frequency"], "iso"))  # noqa: S314  our own
    told = {title.text for title in root.iter(f"{SVG}title")}
    assert any("pll:50/150/2" in text and "75" in text for text in told)
    assert {e.get("id") for e in root.iter() if e.get("id")} <= {"iso-1", "iso-2", "iso-3"}


def test_what_is_unknown_leaves_its_figure_out(document):
    document["timeline"] = None
    document["figures"]["fig4"] = []
    document["frontier"] = {"time_s": [], "energy_j": [], "exact": True}
    document["exploration"]["check"]["samples"] = []
    for bound in document["bounds"]:
        for run in bound["runs"]:
            run["executed"] = dict.fromkeys(run["executed"])
            run["keeps_bound"] = run["same_output"] = None
            run["layers"] = []
    names = {figure.name for figure in figures(document)}
    assert names == {"window-energy", "pareto", "iso-frequency", "switching"}


def test_a_page_that_stands_alone_leads_to_no_files(short):
    short["paper"] = compare(short)
    outline = Outline(build(short, with_files=False))
    assert all(reference.startswith("#") for reference in outline.references)


def test_a_page_without_figures(short):
    short["paper"] = compare(short)
    page = build(short, [], {})
    Outline(page)
    assert "The board logged no timeline." in page
    assert "<svg" not in page


# ---- the command -------------------------------------------------------------------------------


def test_the_command_makes_the_page_anew(short, tmp_path):
    source = tmp_path / "report.json"
    source.write_text(to_json(short), encoding="utf-8")
    before = source.read_bytes()
    result = CliRunner().invoke(cli, ["report", str(source)])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / "report.html")
    Outline((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert source.read_bytes() == before
    result = CliRunner().invoke(cli, ["report", str(source), "-o", str(tmp_path / "other")])
    assert (tmp_path / "other" / "report.html").is_file()


def test_the_command_refuses_a_bad_document(document, tmp_path):
    del document["bounds"][0]["runs"]
    source = tmp_path / "report.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    result = CliRunner().invoke(cli, ["report", str(source)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {source}: bounds[0]: the field 'runs' is missing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json"]


def test_the_command_needs_its_document(tmp_path):
    result = CliRunner().invoke(cli, ["report", str(tmp_path / "none.json")])
    assert result.exit_code == 1
    assert "none.json: No such file or directory" in result.stderr


def test_a_folder_that_cannot_be_is_refused(short, tmp_path):
    (tmp_path / "file").write_text("in the way")
    source = tmp_path / "report.json"
    source.write_text(to_json(short), encoding="utf-8")
    result = CliRunner().invoke(cli, ["report", str(source), "-o", str(tmp_path / "file" / "out")])
    assert result.exit_code == 1
    assert "Not a directory" in result.stderr
    assert str(tmp_path / "file") in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "report.json"]


def test_nothing_is_written_for_a_bad_document(document, tmp_path):
    document["frontier"]["time_s"].pop()
    with pytest.raises(FileFormatError):
        write(tmp_path / "out", document)
    assert not (tmp_path / "out").exists()

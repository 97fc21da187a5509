"""What holds for every chart: axes with units, legends, a table behind it, a narrow form."""

import inspect
import re
import xml.etree.ElementTree as ET

import altair as alt
import pytest
import vl_convert
from chart_samples import SAMPLES

from dvfs_kernel.report import charts
from dvfs_kernel.report.charts.narrow import COLUMN_PX
from dvfs_kernel.report.charts.theme import config, grain_colour

VL_VERSION = alt.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
UNIT = re.compile(r"\((?:MHz|m[sAJW]|µs|µ[JA]|%|MAC/byte|MAC/cycle|lines|number)\)|no unit|log10")
# Scales of names, numbers of things and of a form's parameter have no unit to tell.
NO_UNIT = {"band", "point", "ordinal"}
BY_NAME = {"layer, first to last", "SYSCLK (MHz), clock state, g"}
LEGENDS = ("color", "fill", "stroke", "shape", "size", "opacity", "strokeDash")


@pytest.fixture(scope="module", params=sorted(SAMPLES))
def chart(request):
    return SAMPLES[request.param]()


def walk(value):
    if isinstance(value, dict):
        yield value
        for key, part in value.items():
            if key not in ("data", "datasets"):  # rows have keys of their own
                yield from walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part)


def text(title):
    return " ".join(title) if isinstance(title, list) else title


def test_every_chart_has_its_sample():
    drawn = {
        name
        for name in charts.__all__
        if "ChartType" in str(inspect.signature(getattr(charts, name)).return_annotation)
    }
    assert drawn == set(SAMPLES)


def test_axes_have_a_title_with_a_unit(chart):
    """As the renderer sees it: titles of layers may cancel each other."""
    plain = vl_convert.vegalite_to_vega(chart.to_dict(validate=False), vl_version=VL_VERSION)
    seen = 0
    for view in walk(plain):
        scales = {s["name"]: s["type"] for outer in walk(plain) for s in outer.get("scales", [])}
        for axis in view.get("axes", []) if isinstance(view.get("axes"), list) else []:
            if axis.get("labels") is False:
                continue  # lines of a grid, or of panels that share the axis below them
            seen += 1
            title = text(axis.get("title"))
            assert title, axis
            named = scales[axis["scale"]] in NO_UNIT or title in BY_NAME
            assert named or UNIT.search(title), title
    assert seen


def units(value):
    """Yield every view with a mark, and the views beside it."""
    for part in walk(value):
        views = part.get("layer", [])
        for view in views:
            yield view, views
        for view in (*part.get("vconcat", []), *part.get("hconcat", [])):
            if "mark" in view:
                yield view, [view]
    if "mark" in value:
        yield value, [value]


def kind(view):
    return view["mark"]["type"] if isinstance(view["mark"], dict) else view["mark"]


def fields(view, *, with_legend):
    return {
        channel["field"]
        for name, channel in view.get("encoding", {}).items()
        if name in LEGENDS
        and "field" in channel
        and (not with_legend or channel.get("legend", {}) is not None)
    }


def test_what_is_encoded_has_a_legend(chart):
    plain = chart.to_dict(validate=False)
    titles = " ".join(str(part.get("title", "")) for part in walk(plain) if "title" in part)
    told = bool(re.search(r"subtitle|[.;]", titles))
    for view, beside in units(plain):
        for name, channel in view.get("encoding", {}).items():
            if name in LEGENDS and "field" in channel:
                # A legend that is switched off takes those of the same field with it.
                assert channel.get("legend", {}) is not None, (name, channel)
        plainly = not fields(view, with_legend=True) and kind(view) != "text"
        if plainly and len([each for each in beside if kind(each) != "text"]) > 1:
            assert told, view["mark"]


def test_a_chart_has_its_table(chart):
    tables = charts.chart_tables(chart)
    assert tables
    for table in tables:
        assert len(set(table.heads)) == len(table.heads)
        assert all(len(row) == len(table.heads) for row in table.rows)
    assert any(UNIT.search(head) for table in tables for head in table.heads)


def test_a_narrow_drawing_fits_a_telephone(chart):
    root = ET.fromstring(charts.to_narrow_svg(chart, "n"))  # noqa: S314  our own
    assert float(root.attrib["width"]) <= COLUMN_PX
    assert "…" not in "".join(root.itertext())


def test_a_drawing_says_what_it_is(chart):
    description = chart.to_dict(validate=False)["description"]
    assert len(description) > 20
    assert f'aria-label="{description[:10]}' in charts.to_svg(chart, "w")


def test_a_granularity_has_one_colour():
    one, other = (
        dict(zip(found["domain"], found["range"], strict=True))
        for found in (grain_colour(g).to_dict()["scale"] for g in ([0, 2, 16], [16, 4]))
    )
    assert one[16] == other[16]
    assert len({*one.values(), *other.values()}) == 4
    assert config()["title"]["subtitleColor"]

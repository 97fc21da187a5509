"""Charts as files."""

import altair as alt

from dvfs_kernel.report.charts.render import to_svg


def test_a_name_that_xml_cannot_hold_is_drawn_all_the_same():
    rows = [{"x": 1, "y": 2, "name": "a\x00b\x1fc"}]
    chart = alt.Chart(alt.Data(values=rows)).mark_text().encode(x="x:Q", y="y:Q", text="name:N")
    svg = to_svg(chart, "test")
    assert "a\ufffdb\ufffdc" in svg

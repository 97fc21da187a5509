"""A report in a real browser: no width cuts it, in the light, in the dark, and on paper."""

import pytest
from lab_server import SCREENSHOTS, find_browser
from playwright.sync_api import sync_playwright
from report_document import report_document

from dvfs_kernel.report import write
from dvfs_kernel.report.difference import difference
from dvfs_kernel.report.difference_page import write as write_difference

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium: install Debian's package chromium"
)

WIDTHS = (360, 420, 1280, 1600)

# What sticks out of its frame, or is cut by it. A frame that scrolls shows its bar; the text of a
# drawing has to lie within the drawing.
CUT = """() => {
  const seen = e => e.getClientRects().length > 0;
  const cut = [];
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) cut.push(`the page sticks out by ${wide}`);
  for (const e of document.querySelectorAll('p, h1, h2, h3, li, figcaption, summary, caption'))
    if (seen(e) && !e.closest('.scroll') && e.scrollWidth > e.clientWidth + 1)
      cut.push(`${e.tagName}: ${e.textContent.slice(0, 40)}`);
  for (const svg of document.querySelectorAll('figure svg')) {
    if (!seen(svg)) continue;
    const frame = svg.getBoundingClientRect();
    if (frame.right > document.documentElement.clientWidth + 1)
      cut.push(`drawing of ${svg.closest('figure').id}`);
    for (const text of svg.querySelectorAll('text')) {
      const box = text.getBoundingClientRect();
      if (box.width && (box.left < frame.left - 2 || box.right > frame.right + 2
          || box.top < frame.top - 2 || box.bottom > frame.bottom + 2))
        cut.push(`${svg.closest('figure').id}: ${text.textContent}`);
    }
  }
  return cut;
}"""
# Letters of a drawing, in pixels of the screen.
LETTERS = """() => Math.min(...[...document.querySelectorAll('figure svg text')]
  .filter(t => t.textContent.trim() && t.getClientRects().length)
  .map(t => t.getBoundingClientRect().height))"""
SCROLLING = """() => [...document.querySelectorAll('.scroll')]
  .filter(e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1)
  .map(e => [e.getAttribute('aria-label'), e.tabIndex, getComputedStyle(e).overflowX])"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_browser(),
            args=["--no-sandbox"],  # containers have none
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    document = report_document()
    # As many layers as a real network has, so that tables and strips are as wide as real ones.
    document["network"]["layers"] = [
        {**document["network"]["layers"][k % 4], "index": k, "name": f"block{k}.depthwise"}
        for k in range(56)
    ]
    for bound in document["bounds"]:
        for run in bound["runs"]:
            run["layers"] = [run["layers"][k % 4] for k in range(56)]
            run["title"] = f"{run['title']}: fastest clock, Sleep with clocks gated"
    other = {**report_document(), "firmware_build_id": "12345678"}
    other["network"] = document["network"]
    return {
        "report": write(folder, document),
        "difference": write_difference(folder, difference(document, other, ("a", "b"))),
    }


@pytest.fixture
def open_page(browser, pages):
    contexts = []

    def begin(name, width, scheme):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(pages[name].as_uri())
        assert asked == [pages[name].as_uri()]
        return page

    yield begin
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_cuts_a_report(open_page, width):
    page = open_page("report", width, "light")
    page.screenshot(path=SCREENSHOTS / f"report-{width}.png", full_page=True)
    assert page.evaluate(CUT) == []
    assert page.evaluate(LETTERS) > 8
    scrolling = page.evaluate(SCROLLING)
    # Tables of a wide screen fit into it; those of a narrow one scroll, by the keyboard as well.
    assert width < 1280 or scrolling == []
    assert all(tab == 0 and how == "auto" for _, tab, how in scrolling)


@pytest.mark.parametrize("width", [360, 1280])
def test_no_width_cuts_a_comparison(open_page, width):
    page = open_page("difference", width, "dark")
    assert page.evaluate(CUT) == []


def test_a_report_in_the_dark(open_page):
    page = open_page("report", 1280, "dark")
    page.screenshot(path=SCREENSHOTS / "report-dark.png", full_page=True)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    inks = page.evaluate(
        "() => [...new Set([...document.querySelectorAll('figure svg text')]"
        ".map(t => getComputedStyle(t).fill))]"
    )
    lightness = [sum(map(int, ink.strip("rgb()").split(",")[:3])) for ink in inks]
    assert min(lightness) > 400, inks


def test_the_table_behind_a_figure_is_reached_by_the_keyboard(open_page):
    page = open_page("report", 1280, "light")
    summary = page.locator("#frontier summary")
    table = page.locator("#frontier table").first
    assert not table.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert table.is_visible()
    assert table.locator("th[scope=col]").first.inner_text()


def test_there_is_a_way_back_from_everywhere(open_page):
    page = open_page("report", 420, "light")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.locator("a.contents").click()
    assert page.evaluate("document.querySelector('#contents').getBoundingClientRect().top") < 900


def test_a_report_on_paper(open_page):
    page = open_page("report", 800, "dark")
    page.emulate_media(media="print")
    # A4 less its margins, at 96 pixels an inch.
    page.set_viewport_size({"width": 688, "height": 1000})
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert not page.locator(".drawing.narrow").first.is_visible()
    assert page.locator(".drawing.wide").first.is_visible()
    assert page.evaluate(CUT) == []
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")

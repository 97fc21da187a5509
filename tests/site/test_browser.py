"""The site in a real browser, from files and with the network closed."""

import pytest
from lab_server import SCREENSHOTS, find_browser
from playwright.sync_api import expect, sync_playwright

pytestmark = [
    pytest.mark.board,
    pytest.mark.skipif(
        find_browser() is None, reason="no Chromium: install Debian's package chromium"
    ),
]

WIDE, NARROW = {"width": 1400, "height": 1000}, {"width": 400, "height": 850}
PAGES = (
    "index", "tutorial", "networks", "api", "command-line", "json-documents", "gallery",
    "rooms/layered_graph",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(),
            args=["--no-sandbox"],  # containers have none
        )
        yield browser
        browser.close()


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def page(chromium, request):
    """A window without network; at the end nothing must have gone wrong in it."""
    context = chromium.new_context(viewport=request.param, offline=True, color_scheme="light")
    opened = context.new_page()
    errors = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
    opened.on(
        "request",
        lambda asked: (
            None if asked.url.startswith(("file:", "data:")) else errors.append(asked.url)
        ),
    )
    yield opened
    context.close()
    assert errors == []


def address(site, name):
    return (site.folder / f"{name}.html").as_uri()


def is_narrow(page):
    return page.viewport_size["width"] == NARROW["width"]


def open_sidebar(page):
    if is_narrow(page):
        page.locator("label.nav-overlay-icon").first.click()


def test_a_word_is_found(site, page):
    page.goto(address(site, "index"))
    open_sidebar(page)
    page.get_by_placeholder("Search").fill("knapsack")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results .search li").first).to_be_visible(timeout=20_000)
    solver = page.locator("#search-results a[href*='solver.html']").first
    expect(solver).to_be_visible()
    solver.click()
    expect(page.locator("h1")).to_contain_text("solver", ignore_case=True)


def test_the_theme_is_switched_and_stays(site, page):
    page.goto(address(site, "index"))
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    for _ in range(3):  # auto, light, dark
        page.locator(".theme-toggle:visible").first.click()
        if page.evaluate(ground) != before:
            break
    dark = page.evaluate(ground)
    assert dark != before
    page.goto(address(site, "networks"))
    assert page.evaluate(ground) == dark


def test_links_are_followed(site, page):
    page.goto(address(site, "index"))
    page.get_by_role("link", name="the command line", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Command line")
    open_sidebar(page)
    page.locator(".sidebar-tree").get_by_role("link", name="The notebooks, executed").click()
    page.locator("a.notebook-picture").first.click()
    expect(page.locator("body")).to_contain_text("Clock tree")
    page.get_by_role("link", name="← All notebooks").click()
    expect(page.locator("h1")).to_contain_text("The notebooks, executed")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_window(site, page, name):
    page.goto(address(site, name))
    scheme = "narrow" if is_narrow(page) else "wide"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"site-{name.replace('/', '-')}-{scheme}.png")
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0

"""The notebooks in a real browser: run, sliders moved, a file uploaded, no error on the console."""

import json
import re

import nbformat
import pytest
from lab_page import LONG_MS, LabPage
from lab_server import SCREENSHOTS, find_browser, serve
from notebook_files import NOTEBOOKS
from playwright.sync_api import expect, sync_playwright

pytestmark = [
    pytest.mark.board,
    pytest.mark.skipif(
        find_browser() is None, reason="no Chromium: install Debian's package chromium"
    ),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory, cache, small_network):
    """JupyterLab on copies of the notebooks that run the small network."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "work").mkdir()
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if "parameters" in cell.metadata.get("tags", ()):
                cell.source = f"NETWORK = {str(small_network)!r}"
        nbformat.write(notebook, folder / "work" / path.name)
    with serve(folder, cache) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_browser(),
            args=["--no-sandbox"],  # containers have none
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_notebook(address, browser):
    """Open a notebook and run it; at the end the console must have shown no error."""
    opened = []

    def begin(name):
        page = browser.new_page(viewport={"width": 1400, "height": 2600})
        notebook = LabPage(page, address, name)
        opened.append(notebook)
        notebook.run_all()
        return notebook

    yield begin
    for notebook in opened:
        notebook.page.close()
        assert notebook.errors == []
        if notebook.responses_s:
            path = SCREENSHOTS / f"{notebook.name}-responses.json"
            path.write_text(json.dumps(notebook.responses_s, indent=1))


def test_clocks(open_notebook):
    notebook = open_notebook("1-clocks")
    tree = notebook.panel("Clock tree")
    message, drawing = tree.locator(".dvfs-message"), tree.locator("svg")
    expect(message).to_contain_text("is allowed")
    notebook.move(tree, "PLLN", "ArrowRight", drawing)
    expect(message).to_contain_text("forbidden by the data sheet")
    assert "✗" in drawing.inner_html()
    notebook.shoot(tree, "forbidden")
    notebook.move(tree, "PLLN", "ArrowLeft", drawing)
    expect(message).to_contain_text("is allowed")

    iso = notebook.panel("Iso-frequency settings")
    chart = notebook.chart_label(iso)
    before = chart.get_attribute("aria-label")
    notebook.move(iso, "SYSCLK", "PageUp", iso.locator("caption"))
    expect(chart).not_to_have_attribute("aria-label", before or "")
    notebook.shoot(iso, "iso-frequency")

    switch = notebook.panel("A change of clock on the board")
    first = switch.locator("caption")
    expect(first).to_contain_text("µs", timeout=LONG_MS)
    before = first.inner_text()
    lock = switch.get_by_label("PLL lock time", exact=True)
    lock.select_option("longest of the data sheet")
    expect(switch).to_contain_text("the choice was changed since")
    notebook.shoot(switch, "switch-old")
    switch.get_by_role("button", name="Run on the board").click()
    expect(first).not_to_have_text(before, timeout=LONG_MS)
    notebook.shoot(switch, "switch")

    question = notebook.panel("Predict first").first
    question.get_by_label("the one with the slower VCO").check()
    expect(question.locator(".dvfs-message")).to_be_visible()
    exercise = notebook.panel("Exercise").first
    exercise.locator("input").fill("5")
    exercise.locator("input").press("Enter")
    exercise.get_by_role("button", name="Check").click()
    expect(exercise.locator(".dvfs-message")).to_contain_text("Right")


def test_access_and_execute(open_notebook):
    notebook = open_notebook("2-access-and-execute")
    layer = notebook.panel("One layer of small")
    table = layer.locator("table").first
    expect(table).to_contain_text("latency", timeout=LONG_MS)
    notebook.chart_label(layer)
    notebook.move(layer, "g", "ArrowLeft", table)
    layer.get_by_role("button", name="Run on the board").click()
    expect(layer).to_contain_text("What the board counted", timeout=LONG_MS)
    notebook.shoot(layer, "layer")
    notebook.move(layer, "g", "ArrowLeft", table)
    old = layer.locator(".dvfs-old")
    expect(layer).to_contain_text("the choice was changed since")
    expect(old.filter(has_text="What the board counted")).to_be_visible()
    notebook.shoot(layer, "old")
    notebook.move(layer, "g", "ArrowRight", table)
    expect(old).to_have_count(0)


def test_explore(open_notebook):
    notebook = open_notebook("3-explore")
    explorer = notebook.panel("Design space of small")
    expect(explorer.locator(".dvfs-message").last).to_contain_text("options", timeout=LONG_MS)
    chart = notebook.chart_label(explorer)
    before = chart.get_attribute("aria-label")
    explorer.get_by_role("button", name="all options").click()
    expect(chart).not_to_have_attribute("aria-label", before or "", timeout=LONG_MS)
    notebook.shoot(explorer, "design-space")


def test_optimise(open_notebook):
    notebook = open_notebook("4-optimise")
    optimiser = notebook.panel("Schedules of small")
    table = optimiser.locator("table").first
    expect(table).to_contain_text("shadow price", timeout=LONG_MS)
    notebook.chart_label(optimiser)
    notebook.move(optimiser, "bound", "ArrowRight", table)
    notebook.shoot(optimiser, "frontier")
    notebook.move(optimiser, "bound", "Home", optimiser)
    expect(optimiser.locator(".dvfs-message.error")).to_contain_text("No schedule ends within")
    # What has no answer shows no table.
    notebook.move(optimiser, "bound", "End", optimiser)
    expect(table).to_contain_text("shadow price", timeout=LONG_MS)
    expect(optimiser.locator(".dvfs-message.error")).to_have_count(0)
    optimiser.get_by_role("button", name="Run on the board").click()
    expect(optimiser).to_contain_text("Executed on the board", timeout=LONG_MS)


def test_own_network(open_notebook, small_network, tmp_path):
    notebook = open_notebook("5-your-own-network")
    own = notebook.panel("Your own network")
    message = own.locator(".dvfs-message").first
    expect(message).to_contain_text("layers", timeout=LONG_MS)

    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no network at all")
    for path, expected in ((broken, "✗"), (small_network, f"✓ {small_network.name}")):
        with notebook.page.expect_file_chooser() as chooser:
            own.locator(".widget-upload").click()
        chooser.value.set_files(path)
        expect(message).to_contain_text(expected, timeout=LONG_MS)
        notebook.shoot(own, path.stem)
    own.get_by_role("button", name="Explore, optimise and run").click()
    expect(own).to_contain_text("DVFS on the board", timeout=LONG_MS)
    expect(own.get_by_role("link", name="report.html")).to_have_attribute(
        "href", re.compile("^data:text/html;base64,")
    )
    notebook.chart_label(own)
    notebook.shoot(own, "results")


def test_boards(open_notebook):
    notebook = open_notebook("6-boards")
    boards = notebook.panel("small on every board")
    expect(boards.locator("table")).to_contain_text("virtual", timeout=LONG_MS)
    boards.get_by_label("nucleo").check()
    boards.get_by_role("button", name="Run on the boards").click()
    expect(boards.locator(".dvfs-message.error")).to_contain_text("nucleo", timeout=LONG_MS)
    expect(boards.locator("table")).to_contain_text("virtual")
    notebook.shoot(boards, "boards")

    sensor = notebook.panel("What an INA219 sees")
    notebook.chart_label(sensor)
    notebook.move(sensor, "first conversion", "ArrowRight", sensor.locator("table"))
    sensor.get_by_label("conversion", exact=True).select_option(index=0)
    notebook.shoot(sensor, "sensor")


def test_approximate(open_notebook):
    notebook = open_notebook("7-approximate")
    significance = notebook.panel("Significance of the products of fashion")
    table = significance.locator("table").first
    expect(table).to_contain_text("pairs of products that go", timeout=LONG_MS)
    chart = notebook.chart_label(significance)
    before = chart.get_attribute("aria-label")
    notebook.move(significance, "threshold", "ArrowRight", table)
    expect(chart).not_to_have_attribute("aria-label", before or "", timeout=LONG_MS)
    significance.get_by_label("layer").select_option(index=1)
    expect(table).to_contain_text("conv3")
    notebook.shoot(significance, "significance")

    walk = notebook.panel("What fashion may lose")
    facts = walk.locator("table").first
    expect(facts).to_contain_text("Top-1 on test images", timeout=2 * LONG_MS)
    line, times = notebook.chart_label(walk), notebook.chart_label(walk, 1)
    before = line.get_attribute("aria-label")
    notebook.move(walk, "allowed loss", "End", facts)
    expect(line).not_to_have_attribute("aria-label", before or "", timeout=LONG_MS)
    expect(times).to_be_visible()
    expect(walk.locator("figure")).to_have_count(12)
    walk.locator("select").select_option("50")
    notebook.shoot(walk, "walk")
    walk.get_by_role("button", name="Run on the board").click()
    expect(walk).to_contain_text("Executed on the board", timeout=LONG_MS)
    expect(walk.locator("table").last.get_by_text("yes", exact=True)).to_have_count(2)
    notebook.shoot(walk, "executed")

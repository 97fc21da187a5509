"""A notebook in JupyterLab, as a reader sees and touches it."""

import re
import time

from lab_server import SCREENSHOTS, TOKEN
from playwright.sync_api import expect

LONG_MS = 120_000  # an exploration, on a machine that is busy


class LabPage:
    """One open notebook.

    Parameters
    ----------
    page
        Of Playwright.
    name
        The notebook's, without suffix.
    """

    def __init__(self, page, address, name):
        self.page, self.name = page, name
        self.errors = []
        self.responses_s = {}
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(f"{address}/lab/tree/{name}.ipynb?token={TOKEN}&reset")
        page.locator(".jp-Notebook").wait_for(timeout=LONG_MS)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=LONG_MS)

    def _console(self, message):
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")

    def run_all(self):
        """Run all cells by the menu, and wait until the kernel has nothing to do."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        cells = self.page.locator(".jp-CodeCell")
        last = cells.nth(cells.count() - 1).locator(".jp-InputPrompt").first
        expect(last).to_have_text(re.compile(r"\[\d+\]:"), timeout=LONG_MS)

    def panel(self, title):
        """Return the first panel with a title."""
        return self.page.locator(".dvfs-panel").filter(
            has=self.page.get_by_role("heading", name=title, exact=True)
        )

    def chart_label(self, panel, index=0):
        """Return the text alternative of a chart of a panel, when it is there."""
        chart = panel.locator(".dvfs-chart svg").nth(index)
        expect(chart).to_be_visible(timeout=LONG_MS)
        return chart

    def move(self, panel, slider, key, changes):
        """Press a key on a slider, wait until what is to change has changed, and time it."""
        handle = panel.locator(".widget-slider", has_text=slider).locator(".noUi-handle").first
        handle.scroll_into_view_if_needed()
        handle.focus()
        before = changes.inner_html()
        began = time.perf_counter()
        self.page.keyboard.press(key)
        expect(changes).not_to_have_js_property("innerHTML", before, timeout=LONG_MS)
        self.responses_s[f"{self.name}: {slider} {key}"] = time.perf_counter() - began

    def shoot(self, panel, what):
        """Keep a picture of a panel."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        panel.first.screenshot(path=SCREENSHOTS / f"{self.name}-{what}.png")

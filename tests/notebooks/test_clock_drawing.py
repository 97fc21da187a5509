"""The clock tree as it is drawn: every number within its box."""

import pytest
from lab_server import find_browser
from playwright.sync_api import sync_playwright

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.widgets.clock_drawing import draw_clock_tree

# Numbers with many digits: no factor of the HSE, beyond limits, a prescaler.
SETTINGS = [
    ("pll:25/216/2", 50_000_000),
    ("pll:63/431/6", 50_000_000),
    ("pll:7/432/2", 50_000_000),
    ("pll:3/517/8:ahb64", 58_000_000),
    ("pll:63/50/8", 0),
]
OUTSIDE = """() => {
  const boxes = [...document.querySelectorAll('rect')].map(r => r.getBoundingClientRect());
  return [...document.querySelectorAll('text')].filter(t => {
    const own = t.getBoundingClientRect();
    const middle = (own.left + own.right) / 2, height = (own.top + own.bottom) / 2;
    const around = boxes.filter(b => b.left < middle && middle < b.right
      && b.top < height && height < b.bottom).sort((a, b) => a.width - b.width)[0];
    return around && (own.left < around.left || own.right > around.right);
  }).map(t => t.textContent);
}"""


@pytest.mark.skipif(find_browser() is None, reason="no Chromium: install Debian's package chromium")
def test_numbers_stay_within_their_boxes():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(),
            args=["--no-sandbox"],  # containers have none
        )
        page = browser.new_page()
        for text, hse_hz in SETTINGS:
            page.set_content(draw_clock_tree(ClockSetting.parse(text), hse_hz))
            assert page.evaluate(OUTSIDE) == [], text
        browser.close()

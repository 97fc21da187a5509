"""One style sheet for all panels; colours follow JupyterLab's light or dark theme."""

from __future__ import annotations

from typing import Final

from dvfs_kernel.report.charts.theme import GRID, INK, MUTED
from dvfs_kernel.report.palette import BLUE, GREEN, VERMILLION

__all__ = ["CSS", "OLD"]

#: Class of what is not of what the controls say.
OLD: Final = "dvfs-old"

# Text and lines of charts have colours that no data has: here they become the theme's own.
CSS: Final = f"""<style>
.dvfs-panel {{ border: 1px solid var(--jp-border-color2, #bdbdbd); border-radius: 4px;
  padding: 8px 12px; max-width: 1000px; color: var(--jp-ui-font-color1, {INK}); }}
.dvfs-panel h3, .dvfs-still h3 {{ margin: 2px 0 4px; font-size: 1.1em; line-height: 1.3; }}
.dvfs-panel p, .dvfs-still p {{ line-height: 1.45; margin: 4px 0; }}
.dvfs-panel .widget-html-content {{ line-height: 1.45; white-space: normal; }}
.dvfs-panel table, .dvfs-still table {{ border-collapse: collapse; font-size: .95em;
  margin: 6px 0; }}
.dvfs-panel caption, .dvfs-still caption {{ text-align: left; font-weight: 600;
  padding: 2px 8px 4px 0; }}
.dvfs-panel th, .dvfs-panel td, .dvfs-still.dvfs-still table :is(th, td) {{
  padding: 2px 10px 2px 0; text-align: left; line-height: 1.35; vertical-align: top; }}
.dvfs-panel td.number, .dvfs-panel th.number, .dvfs-still.dvfs-still table :is(th, td).number {{
  text-align: right; font-variant-numeric: tabular-nums; }}
.dvfs-panel tbody tr, .dvfs-still tbody tr {{ border-top: 1px solid
  var(--jp-border-color3, {GRID}); }}
.dvfs-scroll {{ max-height: 320px; overflow: auto; }}
.dvfs-message {{ border-left: 4px solid {BLUE}; padding: 4px 10px; margin: 4px 0;
  white-space: pre-line; }}
.dvfs-message.error {{ border-color: {VERMILLION}; }}
.dvfs-message.good {{ border-color: {GREEN}; }}
.{OLD} {{ opacity: .45; filter: grayscale(1); }}
.dvfs-message b {{ font-weight: 600; }}
.dvfs-panel svg [fill="{INK}"], .dvfs-still svg [fill="{INK}"] {{
  fill: var(--jp-ui-font-color1, {INK}); }}
.dvfs-panel svg [stroke="{INK}"], .dvfs-still svg [stroke="{INK}"] {{
  stroke: var(--jp-ui-font-color1, {INK}); }}
.dvfs-panel svg [fill="{MUTED}"], .dvfs-still svg [fill="{MUTED}"] {{
  fill: var(--jp-ui-font-color2, {MUTED}); }}
.dvfs-panel svg [stroke="{MUTED}"], .dvfs-still svg [stroke="{MUTED}"] {{
  stroke: var(--jp-ui-font-color2, {MUTED}); }}
.dvfs-panel svg [stroke="{GRID}"], .dvfs-still svg [stroke="{GRID}"] {{
  stroke: var(--jp-border-color3, {GRID}); }}
.dvfs-panel .vega-embed {{ width: auto; }}
.dvfs-chart {{ max-width: 100%; overflow-x: auto; }}
.dvfs-panel .widget-html-content {{ overflow-x: auto; }}
.dvfs-panel .widget-html-content svg {{ min-width: 760px; }}
.dvfs-panel details, .dvfs-still details {{ margin: 4px 0; }}
.dvfs-panel summary, .dvfs-still summary {{ cursor: pointer; }}
.dvfs-pictures {{ display: flex; flex-wrap: wrap; gap: 8px 12px; margin: 6px 0; }}
.dvfs-picture {{ margin: 0; width: 104px; font-size: .85em; line-height: 1.25; }}
.dvfs-picture img {{ display: block; image-rendering: pixelated; }}
.dvfs-panel a.button, .dvfs-still a.button {{ display: inline-block;
  padding: 4px 12px; margin: 2px 8px 2px 0; border-radius: 3px;
  border: 1px solid var(--jp-border-color1, #757575);
  color: var(--jp-content-link-color, {BLUE}); }}
.dvfs-panel .widget-label {{ overflow: visible; }}
.dvfs-still {{ border: 1px solid #bdbdbd; border-radius: 4px; padding: 8px 12px; margin: 6px 0; }}
.dvfs-still svg {{ max-width: 100%; height: auto; }}
</style>"""

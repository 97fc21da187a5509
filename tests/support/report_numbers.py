"""Walks a report: every number that stands on its page is one of its document, and has one form."""

import re
from collections import Counter, defaultdict
from html.parser import HTMLParser
from itertools import permutations

from dvfs_kernel.report.battery import SELF_DISCHARGE, duty_of
from dvfs_kernel.report.paper import headline_layers
from dvfs_kernel.report.runs import EQUAL

THIN = "\u202f"
UNITS = {
    f"{prefix}{unit}": (unit, factor)
    for unit in ("s", "J")
    for prefix, factor in (("", 1.0), ("m", 1e-3), ("µ", 1e-6), ("n", 1e-9))
}
_NUMBER = r"[+−-]?\d[\d,]*(?:\.\d+)?"
_QUANTITY = re.compile(rf"({_NUMBER})[{THIN} ]({'|'.join(sorted(UNITS, key=len)[::-1])})\b")
_PERCENT = re.compile(rf"({_NUMBER}){THIN}%")
# A cell with more letters is a text: why a number is not the paper's.
_REMARK = 60
_BLOCKS = {"p", "li", "h1", "h2", "h3", "figcaption", "caption"}


class Page(HTMLParser):
    """Texts of a page, and its tables as rows of cells, each under its caption."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.texts, self.tables = [], []
        self._hidden, self._open, self._cell = 0, [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        del attrs
        if tag in ("svg", "style", "code", "dl"):
            self._hidden += 1
        elif tag == "table":
            self.tables.append(("", []))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][1][-1].append("")
            self._cell = tag
        elif tag in _BLOCKS:
            self._open.append("")
        elif tag == "br" and self._cell:
            self.tables[-1][1][-1][-1] += " "

    def handle_endtag(self, tag):
        if tag in ("svg", "style", "code", "dl"):
            self._hidden -= 1
        elif tag in ("td", "th"):
            self._cell = None
            if len(self.tables[-1][1][-1][-1]) > _REMARK:
                self.texts.append(self.tables[-1][1][-1][-1])
        elif tag in _BLOCKS:
            text = " ".join(self._open.pop().split(" "))
            if tag == "caption":
                self.tables[-1] = (text, self.tables[-1][1])
            self.texts.append(text)

    def handle_data(self, data):
        if self._hidden:
            return
        if self._cell:
            self.tables[-1][1][-1][-1] += data
        elif self._open:
            self._open[-1] += data

    def table(self, words):
        """Return the rows of the table whose caption has these words, as dictionaries by column.

        What stands twice in the head is a list of both.
        """
        (found,) = [rows for caption, rows in self.tables if words in caption]
        head, *rows = found
        told = []
        for row in rows:
            cells = defaultdict(list)
            for name, cell in zip(head, row, strict=True):
                cells[" ".join(name.split())].append(cell.strip())
            told.append({name: c[0] if len(c) == 1 else c for name, c in cells.items()})
        return told


def value_of(text):
    """Return a number as it is written, and half a unit of its last digit."""
    plain = text.replace(",", "").replace("−", "-").replace("+", "").replace(f"{THIN}%", "")
    decimals = len(plain.partition(".")[2])
    return float(plain), 0.5000001 * 10.0**-decimals


def tells(text, value):
    """Say whether a text is what a value is when it is rounded."""
    if value is None:
        return text == "–"
    told, half = value_of(text)
    return abs(told - value) <= half


def check_numbers(document, text):
    """Hold a page against its document.

    Raises
    ------
    AssertionError
        Names the number that is none of the document's, or that stands in two forms.
    """
    page = Page(text)
    for bound in document["bounds"]:
        _check_runs(bound, page.table(f"Runs at the {bound['name']} bound"))
    _check_samples(document, page)
    _check_layers(document, page)
    _check_prose(document, page)


def _check_runs(bound, rows):
    assert len(rows) == len(bound["runs"])
    reference = bound["runs"][0]
    for run, row in zip(bound["runs"], rows, strict=True):
        done, planned = run["executed"], run["predicted"]
        assert tells(row["latency ms"], done["latency_s"] * 1e3)
        assert tells(row["inference mJ"], done["inference_j"] * 1e3)
        assert tells(row["idle mJ"], done["idle_j"] * 1e3)
        assert tells(row["window mJ"], done["window_j"] * 1e3)
        for told, part in zip(row["error"], ("latency_s", "window_j"), strict=True):
            assert tells(told, 100 * (planned[part] / done[part] - 1)), (run["name"], part)
        saved = 100 * (1 - done["window_j"] / reference["executed"]["window_j"])
        assert row["saved"] == "–" or tells(row["saved"], saved)
        assert (row["relocks"], row["hops"]) == (f"{run['relocks']:,}", f"{run['hops']:,}")


def _check_samples(document, page):
    check = document["exploration"]["check"]
    if not check["samples"]:
        return
    (caption,) = [text for text, _ in page.tables if "run again at their real clock" in text]
    rows = page.table("run again at their real clock")
    for place, unit in enumerate(("s", "j")):
        errors = [
            abs(row[f"predicted_{unit}"] / row[f"executed_{unit}"] - 1)
            for row in check["samples"]
            if row[f"executed_{unit}"]
        ]
        if not errors:
            continue
        largest = re.findall(_PERCENT, caption)[place]
        assert tells(largest, 100 * max(errors)), caption
        shown = [
            abs(value_of(row["error"][place])[0]) for row in rows if row["error"][place] != "–"
        ]
        assert max(shown) <= value_of(largest)[0]
    worst = max(
        (abs(value_of(cell)[0]) for row in rows for cell in row["error"] if cell != "–"), default=0
    )
    assert worst in {value_of(one)[0] for one in re.findall(_PERCENT, caption)[:2]}


def _check_layers(document, page):
    count = len(document["network"]["layers"])
    for text in page.texts:
        for part, whole in re.findall(r"(\d+) of (\d+) (?:layers|at)\b", text):
            assert int(part) <= int(whole) == count, text


def _check_prose(document, page):
    known = {"s": list(_times(document)), "J": list(_energies(document))}
    shares = list(_shares(document))
    forms = defaultdict(set)
    for text in page.texts:
        for number, unit in _QUANTITY.findall(text):
            dimension, factor = UNITS[unit]
            told, half = value_of(number)
            fitting = [v for v in known[dimension] if abs(told - v / factor) <= half]
            assert fitting, f"{number} {unit} is no number of the document: {text}"
            if len(re.sub(r"\D", "", number).lstrip("0")) > 3:
                forms[fitting[0]].add(f"{number} {unit}")
        for number in _PERCENT.findall(text):
            told, half = value_of(number)
            assert any(abs(abs(told) - abs(100 * s)) <= half for s in shares), (
                f"{number} % is no share of the document: {text}"
            )
    several = [sorted(told) for told in forms.values() if len(told) > 1]
    assert not several, f"these stand for one number: {several}"


def _times(document):
    yield document["baseline_latency_s"]
    yield duty_of(document).period_s
    yield document["baseline_latency_s"] / len(document["network"]["layers"])
    yield from (t for row in document["clocks"]["switching"]["time_s"] for t in row if t)
    if document["exploration"]["wall_s"] is not None:
        yield document["exploration"]["wall_s"]
    for bound in document["bounds"]:
        yield bound["bound_s"]
        for run in bound["runs"]:
            yield run["executed"]["latency_s"]
            yield abs(run["executed"]["latency_s"] - bound["bound_s"])


def _energies(document):
    yield from (e for row in document["clocks"]["switching"]["energy_j"] for e in row if e)
    for bound in document["bounds"]:
        yield bound["solution"]["gap_j"]
        for run in bound["runs"]:
            yield run["executed"]["window_j"]


def _shares(document):
    yield from (EQUAL, SELF_DISCHARGE)
    check = document["exploration"]["check"]
    yield from (value for name, value in check.items() if name != "samples" and value is not None)
    for row in check["samples"]:
        for unit in ("s", "j"):
            if row[f"executed_{unit}"]:
                yield row[f"predicted_{unit}"] / row[f"executed_{unit}"] - 1
    clocks = Counter(layer["sysclk_hz"] for _, layer in headline_layers(document))
    yield from (count / clocks.total() for count in clocks.values())
    for bound in document["bounds"]:
        windows = [run["executed"]["window_j"] for run in bound["runs"]]
        yield from (1 - mine / other for mine, other in permutations(windows, 2))
        for run in bound["runs"]:
            for part in ("latency_s", "window_j"):
                yield run["predicted"][part] / run["executed"][part] - 1
                if run.get("allowed"):
                    yield run["allowed"][part] / run["executed"][part]

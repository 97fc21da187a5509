"""A number that stands twice in a report is the same number, in the same form."""

import ast
from pathlib import Path

import pytest
from report_document import report_document, run_named
from report_numbers import check_numbers

import dvfs_kernel
from dvfs_kernel.report import build, compare

PACKAGE = Path(dvfs_kernel.__file__).parent


def page_of(document):
    return build(document | {"paper": compare(document)}, [], {})


def off(document):
    """Return a document whose numbers are not round, and whose runs are not as predicted."""
    for b, bound in enumerate(document["bounds"]):
        bound["bound_s"] *= 1.0374
        for r, run in enumerate(bound["runs"]):
            for part, more in (("latency_s", 1.0013), ("inference_j", 1.0021), ("idle_j", 1.017)):
                run["executed"][part] *= more + 1e-4 * r + 1e-3 * b
            run["executed"]["window_j"] = run["executed"]["inference_j"] + run["executed"]["idle_j"]
    run_named(document, 0, "paper-mckp")["executed"]["latency_s"] = 0.0231
    run_named(document, 0, "paper-mckp")["keeps_bound"] = False
    return document


def test_every_number_is_one_of_the_document(bare):
    check_numbers(bare, page_of(bare))
    bare = off(bare)
    check_numbers(bare, page_of(bare))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda page: page.replace("30.000\u202fms", "30.012\u202fms", 1), "no number of the"),
        (
            lambda page: page.replace("30.000\u202fms", "30.00\u202fms", 1),
            r"one number: .*30\.00 ms",
        ),
        (lambda page: page.replace("37.7\u202f%", "37.9\u202f%", 1), "no share of the document"),
        (lambda page: page.replace("of 4 layers at", "of 8 layers at", 1), "8"),
    ],
)
def test_a_number_that_disagrees_is_noticed(bare, change, message):
    page = page_of(bare)
    assert change(page) != page
    with pytest.raises(AssertionError, match=message):
        check_numbers(bare, change(page))


def test_a_caption_that_is_not_its_tables_is_noticed(bare):
    sample = bare["exploration"]["check"]["samples"][0]
    bare["exploration"]["check"]["samples"] = [sample, {**sample, "executed_s": 1.0615e-3}]
    page = page_of(bare)
    assert "Largest of all: 5.79\u202f% of time" in page
    check_numbers(bare, page)
    with pytest.raises(AssertionError):
        check_numbers(bare, page.replace("Largest of all: 5.79", "Largest of all: 3.42"))


def test_runs_that_were_kept_say_so():
    document = report_document()
    document["exploration"] |= {"cached": True, "wall_s": 0.491, "runs_made": 0}
    page = page_of(document)
    assert "every run behind them was kept from an earlier command" in page
    assert "491" not in page
    document["exploration"] |= {"cached": False, "runs_made": 12}
    page = page_of(document)
    assert "12 runs were made for them, in 491\u202fms" in page


# ---- the sign ----------------------------------------------------------------------------------


def divisions():
    """Yield the place, the numerator and the denominator of every division in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                sides = ast.unparse(node.left), ast.unparse(node.right)
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", *sides


def is_reversed(above, below):
    """Say whether an execution is told as a part of its prediction."""
    return any(w in above for w in ("execut", "record")) and "predict" in below


def test_errors_of_predictions_have_one_sign():
    """They are predicted / executed - 1, everywhere; see the glossary."""
    found = list(divisions())
    assert len(found) > 300
    assert [place for place, above, below in found if is_reversed(above, below)] == []
    assert is_reversed("run['executed'][part]", "run['predicted'][part]")

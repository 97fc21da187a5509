"""No module reads the words of its process: it may be embedded, and they are another program's."""

import ast

from imports import ROOT, modules


def reads(tree):
    """Return the lines that read ``sys.argv``."""
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"argv", "orig_argv"})
        or (isinstance(node, ast.ImportFrom) and {"argv"} & {name.name for name in node.names})
    )


def test_no_module_reads_the_words_of_its_process():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules().values()
        for line in reads(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []


def test_each_way_to_read_them_is_seen():
    assert reads(ast.parse("sys.argv[1:]\nfrom sys import argv\nother\n")) == [1, 2]

"""``{option-table}``: the options that several commands have, once each, from the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from sphinx.util.docutils import SphinxDirective

from dvfs_kernel.commands.cli import cli

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

__all__ = ["OptionTable", "shared_options"]


def shared_options() -> dict[str, list[str]]:
    """Return the spellings of options that more than one command has, each with its commands."""
    found: dict[str, list[str]] = {}
    for name, command in sorted(cli.commands.items()):
        for param in command.params:
            if isinstance(param, click.Option):
                found.setdefault(", ".join(param.opts), []).append(name)
    return {option: names for option, names in sorted(found.items(), key=_order) if len(names) > 1}


def _order(pair: tuple[str, list[str]]) -> tuple[int, str]:
    option, names = pair
    return -len(names), option.lstrip("-")


class OptionTable(SphinxDirective):
    """A table of the options that several commands share."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        lines = [
            ".. list-table::",
            "   :header-rows: 1",
            "",
            "   * - option",
            "     - means",
            "     - in",
        ]
        for option, names in shared_options().items():
            everywhere = len(names) > len(cli.commands) / 2
            means = _meaning(option)
            lines += [
                f"   * - ``{option}``",
                f"     - {means}",
                f"     - {'most commands' if everywhere else ', '.join(names)}",
            ]
        return self.parse_text_to_nodes("\n".join(lines))


def _meaning(option: str) -> str:
    """Return the longest of the words that commands have for an option."""
    words = {
        param.help or ""
        for command in cli.commands.values()
        for param in command.params
        if isinstance(param, click.Option) and ", ".join(param.opts) == option
    }
    return max(words, key=len)


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_directive("option-table", OptionTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""A study's document tells the command that made it, also where another program calls it."""

import sys

import click
import pytest
from click.testing import CliRunner

from dvfs_kernel.commands.command import Command, typed_command
from dvfs_kernel.commands.many_values import ManyValues


@pytest.mark.parametrize("kind", [Command, ManyValues])
def test_the_command_is_what_it_was_called_with(kind, monkeypatch):
    @click.group()
    def group():
        pass

    @group.command(cls=kind)
    @click.argument("network")
    @click.option("--qos", multiple=True, type=float)
    def study(network, qos):
        del network, qos
        click.echo(typed_command())

    monkeypatch.setattr(sys, "argv", ["a-server", "--port", "80"])
    values = ["--qos", "10", "30"] if kind is ManyValues else ["--qos", "10"]
    done = CliRunner().invoke(group, ["study", "my net.tflite", *values])
    assert done.output == f"dvfs study 'my net.tflite' {' '.join(values)}\n"

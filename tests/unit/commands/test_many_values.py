"""Options that go on while numbers follow."""

import click
import pytest
from click.testing import CliRunner

from dvfs_kernel.commands.many_values import ManyValues


@click.command(cls=ManyValues)
@click.argument("network")
@click.option("--qos", multiple=True, type=float)
@click.option("-g", "--granularities", multiple=True, type=int)
@click.option("--name")
def command(network, qos, granularities, name):
    click.echo(repr((network, qos, granularities, name)))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("vww", ("vww", (), (), None)),
        ("vww --qos 10", ("vww", (10.0,), (), None)),
        ("vww --qos 10 30 50", ("vww", (10.0, 30.0, 50.0), (), None)),
        ("vww --qos 10 --qos 30 50", ("vww", (10.0, 30.0, 50.0), (), None)),
        ("vww --qos=10", ("vww", (10.0,), (), None)),
        ("vww --qos 10,30,50", ("vww", (10.0, 30.0, 50.0), (), None)),
        ("vww -g 0,2 4 --name 5,6", ("vww", (), (0, 2, 4), "5,6")),
        ("--qos 10 30 vww", ("vww", (10.0, 30.0), (), None)),
        ("--qos 1e1 .5 vww -g 0 2", ("vww", (10.0, 0.5), (0, 2), None)),
        ("vww -g 0 2 4 --qos 7", ("vww", (7.0,), (0, 2, 4), None)),
        ("vww --granularities 8 16 -g 4", ("vww", (), (8, 16, 4), None)),
        ("vww --name 5 --qos 10", ("vww", (10.0,), (), "5")),
    ],
)
def test_values_behind_one_another(arguments, expected):
    result = CliRunner().invoke(command, arguments.split())
    assert result.exit_code == 0, result.output
    assert result.output == f"{expected!r}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("vww --name 5 6", "unexpected extra argument"),
        ("vww --qos", "requires an argument"),
        ("vww --qos ten", "'ten' is not a valid float"),
        ("vww --qos 10 30x", "'30x' is not a valid float"),
        ("vww --qos 10,ten", "'10,ten' is not a valid float"),
        ("vww --qos 10 other", "unexpected extra argument"),
        ("--qos 10", "which network?"),
    ],
)
def test_what_does_not_belong_is_refused(arguments, message):
    result = CliRunner().invoke(command, arguments.split())
    assert result.exit_code == 2
    assert message in result.output


def test_the_usage_shows_the_network_first():
    assert "Usage: command NETWORK [OPTIONS]" in CliRunner().invoke(command, ["--help"]).output

"""Commands about the networks: what they are and what they cost."""

from __future__ import annotations

import importlib
import json
from dataclasses import asdict
from typing import Any

import click

_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")


def _report() -> Any:
    """Imported when it is asked for: it loads torch."""
    return importlib.import_module("..networks.complexity", __package__)


@click.command("networks")
@_json
def list_networks(as_json: bool) -> None:
    """List the networks that can be trained: parameters, GFLOP a sample (2 x MAC), inputs."""
    rows = _report().list_networks()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
        return
    click.echo(f"{'network':16} {'preset':6} {'parameters':>12} {'GFLOP':>8}  model: inputs of one sample")
    for row in rows:
        cost = "" if row.gflop is None else f"{row.gflop:.2f}"
        size = "" if row.parameters is None else f"{row.parameters:,}"
        shapes = ", ".join(f"{name} {' x '.join(map(str, shape))}" for name, shape in (row.inputs or {}).items())
        title = f"{row.title}: {shapes}" if shapes else row.title
        click.echo(f"{row.network:16} {row.preset:6} {size:>12} {cost:>8}  {title}")


@click.command()
@click.option("--network", required=True, help="A network's name (see 'networks').")
@click.option("--dates", type=click.IntRange(min=1), multiple=True, help="A number of dates; repeatable.")
@_json
def complexity(network: str, dates: tuple[int, ...], as_json: bool) -> None:
    """GFLOP a sample (2 x MAC) against the number of dates; of CropSTS its encoder, decoupled and joint."""
    report = _report()
    rows = report.complexity(network, dates or report.DATES)
    if as_json:
        click.echo(json.dumps(rows))
        return
    columns = list(rows[0])
    click.echo("  ".join(columns))
    for row in rows:
        cells = (f"{row[c]:,.1f}" if c != "dates" else str(row[c]) for c in columns)
        click.echo("  ".join(cell.rjust(len(c)) for cell, c in zip(cells, columns)))


COMMANDS = (list_networks, complexity)

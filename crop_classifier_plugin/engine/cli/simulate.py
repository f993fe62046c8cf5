"""The command of the season simulator."""

from __future__ import annotations

from typing import Any

import click

from ...shared.jobs.simulate import SimulateJob
from .options import finish, json_option


@click.command()
@click.option("--out", required=True, help="Folder for the season.")
@click.option("--width", default=512, show_default=True, help="10 m pixels.")
@click.option("--height", default=512, show_default=True, help="10 m pixels.")
@click.option("--year", default=2024, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--date", "dates", multiple=True, help="A Sentinel-2 date; may be repeated. Default: all season.")
@click.option("--cloud-share", default=0.33, show_default=True, help="Mean share of clouded pixels a date.")
@click.option("--sentinel1/--no-sentinel1", default=True, show_default=True)
@click.option("--modis/--no-modis", default=True, show_default=True)
@json_option
def simulate_season(out: str, dates: tuple[str, ...], as_json: bool, **rest: Any) -> None:
    """Simulate a season with known truth."""
    finish(SimulateJob(folder=out, dates=dates, **rest), as_json)


COMMANDS = (simulate_season,)

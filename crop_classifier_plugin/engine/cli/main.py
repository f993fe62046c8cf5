"""The engine on the command line.

The commands are those of this folder's modules; a job without one gets the command that its fields make.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

# GDAL's block cache is set before rasterio is loaded: by default it takes 5 % of the memory, as rasters grow.
os.environ.setdefault("GDAL_CACHEMAX", "128")

import click

from ...shared.errors import CropClassifierError
from ...shared.jobs import registry
from ..execution import signals
from ..execution.dispatch import FAILED
from ..execution.outputs import note_read
from ..execution.reporter import unheard_of
from .generated import command_of
from .options import finish


def main() -> None:
    """Every foreseen error is one sentence on standard error and exit code 1."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        sys.stderr.write(f"Error: {error.format_message()} See --help for what can be given.\n")
        sys.exit(FAILED)
    except CropClassifierError as error:
        if "--json" in sys.argv:
            click.echo(json.dumps({"event": "error", "code": error.code, "sentence": error.sentence}))
        else:
            sys.stderr.write(f"Error: {error.sentence}\n")
        sys.exit(FAILED)
    except OSError as error:
        if error.filename:
            raise
        signals.tell_last(f"Error: {unheard_of(error).sentence}\n")  # standard output is full
        sys.exit(FAILED)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """Crop maps from satellite time series."""


@cli.command()
@click.argument("job", type=click.Path(dir_okay=False))
@click.option("--reads", multiple=True, help="A file the job was made with, which no output may replace; repeatable.")
def run(job: str, reads: tuple[str, ...]) -> None:
    """Run a job from a JSON file; events go to standard output, one JSON object a line."""
    for path in reads:
        note_read(path)
    try:
        loaded = registry.load(job)
    except CropClassifierError as error:
        click.echo(json.dumps({"event": "error", "code": error.code, "sentence": error.sentence}))
        sys.exit(FAILED)
    finish(loaded, as_json=True)


def _add_commands(group: click.Group) -> None:
    """Those made by hand, then one for each job that none of them is named after."""
    for command in _made_by_hand():
        group.add_command(command)
    for kind, job in registry.JOBS.items():
        if kind.replace("_", "-") not in group.commands:
            group.add_command(command_of(job))


def _made_by_hand() -> Iterator[click.Command]:
    """The COMMANDS of the modules of this folder."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name != "main":
            yield from getattr(importlib.import_module(f".{module.name}", __package__), "COMMANDS", ())


_add_commands(cli)

"""What the commands share: options, tables, and the end of every command."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from typing import Any

import click

from ...shared.choices import PRECISIONS, RESUME
from ...shared.class_choice import ClassChoice, read_merges
from ...shared.devices import AUTO, DEVICES, TRAINING_DEVICES
from ...shared.errors import BadInput
from ...shared.jobs.date_rows import check_columns, date_entries
from ...shared.jobs.sources import DateEntry
from ...shared.texts.bounded import open_text
from ...shared.texts.cells import plain_cell
from ..execution import signals
from ..execution.dispatch import FAILED, OK, execute
from ..execution.outputs import note_read

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a progress bar.")
DATES_HELP = "CSV table with the columns layer (* for any text), date, band, name and crs; only layer is always needed."
device_option = click.option("--device", type=click.Choice(list(DEVICES)), default=AUTO, show_default=True)
training_device_option = click.option(
    "--device", type=click.Choice(list(TRAINING_DEVICES)), default=AUTO, show_default=True
)
scale_option = click.option(
    "--scale",
    type=float,
    default=0.0,
    help="Reflectance 0-1 (or an index) = number x this + the file's offset. Default: as the files say.",
)

_GO_ON = (
    "A training of this folder that was broken off: go on with it, make its best epoch the result (of a pre-training "
    "the last one), or throw it away."
)


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every training can do: go on, and where and in which precision it computes."""
    options = (
        click.option("--resume", type=click.Choice(list(RESUME)), default="continue", show_default=True, help=_GO_ON),
        click.option(
            "--precision",
            type=click.Choice(list(PRECISIONS)),
            default="auto",
            show_default=True,
            help="auto: 32 on the processor, mixed on a graphics card.",
        ),
        click.option("--devices", default=1, show_default=True, help="Graphics cards that share each batch; 0: all."),
        training_device_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def label_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """In which CRS labels lie, and which of their classes are used, as the command's keyword arguments."""
    options = (
        click.option("--labels-crs", default="", help="CRS of the labels; default: their own (lon, lat: EPSG:4326)."),
        click.option("--exclude", multiple=True, help="Class of the labels that is left out; repeatable."),
        click.option("--merge", multiple=True, help="'Winter barley + Barley = Barley': one class; repeatable."),
        click.option("--merge-table", default="", help="CSV table with the columns reference and class, for merges."),
        click.option("--min-share", default=0.0, help="Classes with less of the labelled area are left out, as 0.053."),
        click.option("--rare", default="", help="A class that these count as, in place of being left out."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def take_labels(given: dict[str, Any]) -> dict[str, Any]:
    """The CRS and the choice of classes of a LabelSource from `label_options`; takes them out of `given`."""
    table, merges = given.pop("merge_table"), read_merges(given.pop("merge"))
    rows = tuple((r["reference"], r["class"]) for r in read_table(table, ("reference", "class"))) if table else ()
    choice = ClassChoice(given.pop("exclude"), (*merges, *rows), given.pop("min_share"), given.pop("rare"))
    return {"crs": given.pop("labels_crs"), "choice": choice}


def finish(job: Any, as_json: bool) -> None:
    """Runs the job and ends the program: at once where it was cancelled."""
    status = execute(job, as_json)
    signals.ignore()  # it is told how the job ended
    if status not in (OK, FAILED):
        signals.leave(status)
    sys.exit(status)


def read_pairs(texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """From texts as NAME=VALUE."""
    for text in texts:
        if "=" not in text:
            raise BadInput(f"{text!r} has no value: write it as NAME=VALUE.")
    return tuple((name.strip(), value.strip()) for name, _, value in (text.partition("=") for text in texts))


def read_dates(path: str) -> list[DateEntry]:
    """The rows of a table of dates; its columns are those of shared/jobs/date_rows."""
    rows = read_table(path, ("layer",))
    check_columns(rows[0])
    return list(date_entries(rows))


def read_table(path: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a CSV file that has these columns, as text; names of columns in any case.

    Columns are parted by what the first line holds most of: comma, semicolon (as spreadsheets write in many
    languages) or tab.
    """
    try:
        note_read(path)
        with open_text(path, "utf-8-sig") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(",;\t", key=header.count))
            read = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The table {path} cannot be read ({error}): give a CSV file.") from None
    rows = [_row(each, path) for each in read]
    missing = [c for c in columns if not rows or c not in rows[0]]
    if missing:
        raise BadInput(f"The table {path} has no column {missing[0]!r}: give the columns {', '.join(columns)}.")
    return rows


def _row(read: dict[Any, Any], path: str) -> dict[str, str]:
    """One row of a table. Empty cells beyond its columns are what a spreadsheet leaves; others say it is misread."""
    more = [cell for cell in read.pop(None, ()) if cell.strip()]
    if more:
        raise BadInput(f"A row of the table {path} has more cells than the table has columns ({more[0]}): correct it.")
    return {name.strip().lower(): plain_cell((cell or "").strip()) for name, cell in read.items()}

"""A labelled series while it is read: what of it is opened, place by place where its scenes lie far apart."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ....shared.cards.parts import InputSpec
from ....shared.errors import (
    BandMissing,
    CropClassifierError,
    NoOverlap,
    TooFewDates,
    WindowsEmpty,
)
from ....shared.jobs.sources import LabelledSeries
from ....shared.legend import Legend
from ...execution.reporter import Once, Reporter
from ...labels.labelled_parcels import Labels, Meaning, read_labels
from ...reporting.sentences import listed
from ...series.cube.model_series import ModelSeries
from ...series.cube.open_model_series import open_model_series
from ...series.scenes.read_series import ModelScenes
from ...series.selection.far_apart import apart
from ...splits.assignment import Part


@dataclass(frozen=True)
class LabelRule:
    """What labels mean, how they are parted, and which dates stand behind each column of classes."""

    legend: Legend
    part: Part
    margin: int  # px around the labels that are read
    dates: int = 0  # with labels by month: how many dates up to each month the network takes


@dataclass(frozen=True, eq=False)
class Ground:
    """The series of one place with its labels, and where its arrays lie."""

    series: ModelSeries
    labels: Labels
    folder: Path


def open_grounds(
    source: LabelledSeries,
    scenes: ModelScenes,
    spec: InputSpec,
    rule: LabelRule,
    folder: Path,
    reporter: Reporter,
    exits: ExitStack,
) -> list[Ground]:
    """The series, or where its scenes lie in several places far apart one of each: no grid spans them all.

    Places without labels, or whose scenes do not do, are left out, and counted in the log; where no place does, what
    is wrong with the first is raised.
    """
    places = apart(scenes, spec.bands)
    if len(places) == 1:
        return [_open_ground(source, scenes, spec, rule, folder, reporter, exits)]
    grounds, faults, quiet = [], list[CropClassifierError](), Once(reporter)
    for number, place in enumerate(places):
        own = folder / f"place{number}"
        own.mkdir()
        try:
            ground = _open_ground(source, place, spec, rule, own, quiet, exits)
        except (TooFewDates, WindowsEmpty, BandMissing, NoOverlap) as error:
            faults.append(error)
            continue
        if len(ground.labels.parcels.areas):
            grounds.append(ground)
    if not grounds and faults:
        raise faults[0]
    _log_places(len(places), len(grounds), faults, reporter)
    return grounds


def _log_places(places: int, labelled: int, faults: Sequence[CropClassifierError], reporter: Reporter) -> None:
    why = listed(dict.fromkeys(str(fault) for fault in faults))
    reporter.log(
        f"The scenes lie in {places} places far apart, each is read as a series of its own; {labelled} have labels."
        + (f" The scenes of {len(faults)} do not do: {why}" if faults else ""),
        "warning" if faults else "info",
    )


def _open_ground(
    source: LabelledSeries,
    scenes: ModelScenes,
    spec: InputSpec,
    rule: LabelRule,
    folder: Path,
    reporter: Reporter,
    exits: ExitStack,
) -> Ground:
    given = source.labels
    last_month = given.months[-1] if given.months else ""  # its scenes stand behind all columns of classes
    series = exits.enter_context(open_model_series(scenes, spec, reporter, last_month).where_it_lies())
    for note in series.notes:
        reporter.log(note)
    return Ground(
        series, read_labels(source, Meaning(given.fields, rule.legend), series.grid, folder, reporter), folder
    )

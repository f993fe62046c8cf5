"""The seasons of a training: read one after the other, each parted with an eye on those before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from ....shared.jobs.sources import LabelledSeries
from ....shared.jobs.train import TrainJob
from ....shared.legend import Legend
from ...execution.reporter import Reporter
from ...execution.reporter import SubProgress as Share
from ...labels.legend_from_labels import check_regions
from ...series.scenes.read_series import ModelScenes, SceneCache
from ...series.scenes.scene import Scene
from ...splits.assignment import (
    Part,
    PriorAssignments,
    assign_test,
    assign_training,
    assign_validation,
)
from ...splits.parcel_overlap import AssignedParcels
from ...splits.split import HELD_OUT, SCATTERED_POINTS, SplitRule
from ..data.class_thinning import limit_pixels_per_class
from ..data.labelled_grounds import LabelRule
from ..data.labelled_series import (
    LabelledCube,
    load_labelled_cubes,
)
from ..data.split_file import validation_share
from ..data.training_data import TrainingData, parcel_counts
from ..model_folder.input_spec import series_spec_of
from ..model_folder.weights_provenance import read_provenance
from .label_facts import is_class_raster


def gather(
    job: TrainJob,
    legend: Legend,
    place: Path,
    reporter: Reporter,
    margin: int,
    headers: SceneCache | None = None,
) -> TrainingData:
    """Loads every season of the job into `place`; `headers`: the scenes that were read before."""
    spec, headers = series_spec_of(job), headers or SceneCache()
    past = read_provenance(job.network.start, reporter) if job.network.start else None
    rule = _split_rule(job)
    found: dict[str, list[LabelledCube]] = {"train": [], "check": [], "test": []}
    sources, learnt = _sources(job), list[Scene]()
    for i, (role, source) in enumerate(sources):
        folder = place / str(i)
        folder.mkdir()
        share = Share(reporter, i / len(sources), (i + 1) / len(sources))
        part = _part(rule, role, PriorAssignments(_grounds(found), past))
        labels = LabelRule(legend, part, margin, len(job.model_inputs.windows))
        scenes = headers.read(source.series, source.radar, share)
        seasons = load_labelled_cubes(source, scenes, spec, labels, folder, share)
        found[role] += seasons
        learnt += _scenes_of(seasons, scenes) if role == "train" else ()
    train, checks, tests = (tuple(seasons) for seasons in found.values())
    material = TrainingData(legend, train, checks, tests, past, tuple(learnt))
    _tell_untested(job.split.held_out, material, reporter)
    if job.split.method == "parcel" and material.unit == "point":
        reporter.log(SCATTERED_POINTS, "warning")
    if is_class_raster(job.labels):
        check_regions([sum(parts) for parts in parcel_counts(material)], legend, job.split.min_parcels)
    if job.split.samples_per_class:
        limit_pixels_per_class(train, job.split.samples_per_class, len(legend), job.seed)
    return material


def _scenes_of(seasons: Sequence[LabelledCube], scenes: ModelScenes) -> Iterator[Scene]:
    """Those of a series' scenes that its seasons show."""
    days = {day for season in seasons for day in season.dates}
    for series in filter(None, (scenes.optical, scenes.radar)):
        yield from (scene for scene in series.scenes if scene.date in days)


def _sources(job: TrainJob) -> list[tuple[str, LabelledSeries]]:
    """What each series is for, in the order in which they are read."""
    roles = ("train", job.data), ("check", job.validation_series), ("test", job.test_series)
    return [(role, source) for role, sources in roles for source in sources]


def _split_rule(job: TrainJob) -> SplitRule:
    split = job.split
    return SplitRule(split.held_out, validation_share(job), split.held_side, job.seed, split.method, split.block)


def _part(rule: SplitRule, role: str, known: PriorAssignments) -> Part:
    others = {"check": assign_validation, "test": assign_test}
    return partial(others[role], known) if role in others else partial(assign_training, rule, known)


def _grounds(found: dict[str, list[LabelledCube]]) -> tuple[AssignedParcels, ...]:
    return tuple(
        AssignedParcels(s.parcels.ground, s.split.parts, s.grid.crs, s.parcels.simulated, s.name)
        for seasons in found.values()
        for s in seasons
        if s.is_place
    )


def _tell_untested(held_out: float, material: TrainingData, reporter: Reporter) -> None:
    held = any((season.part == HELD_OUT).any() for season in material.train)
    if held_out and not held and material.past and material.past.grounds:
        reporter.log(
            f"No parcel is left to test on, as {material.past.name}, which the training starts from, learnt from those "
            "that would be held out: the accuracy is not known. Give a test series, or labels of other parcels.",
            "warning",
        )

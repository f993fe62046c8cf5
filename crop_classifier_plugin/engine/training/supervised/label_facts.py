"""What the labels of a training say before a pixel of the series is read: their classes, and those that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import shapely

from ....shared.class_choice import ClassChoice
from ....shared.errors import LabelsUnusable
from ....shared.jobs.sources import LabelledSeries, LabelSource
from ....shared.jobs.train import TrainJob
from ....shared.legend import Legend
from ...execution.reporter import Reporter
from ...labels.class_choice import chosen_legend, without_rare
from ...labels.class_map import CropMap, is_raster, opened
from ...labels.legend_from_labels import check_parcels, legend_of, one_legend, without_zero
from ...raster.band_ref import Bounds
from ...vector.labelled_shapes import read_labelled_shapes

_MOST_CLASSES = 1000  # of a card


@dataclass(eq=False)
class LabelFacts:
    """Of labelled polygons and points, file by file."""

    counts: Counter[str] = field(default_factory=Counter)  # polygons and points a label, as it is written
    areas: dict[str, float] = field(default_factory=dict)  # of its polygons
    simulated: bool = False

    def add(self, source: LabelSource, crs: object, bounds: Bounds) -> None:
        """Those that touch the bounds, in `crs`."""
        for name in source.fields:
            frame = read_labelled_shapes(source.path, source.layer, name, crs, bounds, source.crs)
            self.counts.update(frame["label"])
            self.simulated |= bool(frame.attrs["simulated"])
            for label, area in zip(frame["label"], shapely.area(frame.geometry.to_numpy())):
                self.areas[label] = self.areas.get(label, 0.0) + float(area)

    @property
    def weights(self) -> Mapping[str, float]:
        """By which labels are rare: area, or the number of points where there is nothing else."""
        return self.areas if any(self.areas.values()) else self.counts


def is_class_raster(labels: LabelSource) -> bool:
    return bool(labels.month_rasters) or (labels.fields == ("",) and is_raster(labels.path))


def each_file_once(data: Sequence[LabelledSeries]) -> list[LabelledSeries]:
    """The first series of each file of polygons."""
    found: dict[tuple[str, str], LabelledSeries] = {}
    for each in data:
        if not is_class_raster(each.labels):
            found.setdefault((each.labels.path, each.labels.layer), each)
    return list(found.values())


def with_raster_classes(job: TrainJob, reporter: Reporter) -> tuple[TrainJob, Legend]:
    """As `with_polygon_classes`, of class rasters: without a legend their own names and colours."""
    maps = [_crop_map(path, job.labels.crs, reporter) for path in job.labels.rasters]
    own = one_legend([(found.path, found.legend, found.unnamed) for found in maps])
    whole = Legend.load(job.legend) if job.legend else without_zero(own, reporter)
    weights: dict[str, float] = {crop.name: 0.0 for crop in whole}
    for found in maps:
        for crop, pixels in zip(found.legend, found.pixels):
            meant = whole.find(crop.name) or whole.find(str(crop.code))
            if meant:
                weights[meant.name] += pixels
    job, legend = _chosen(job, whole, weights, (), any(found.simulated for found in maps), reporter)
    _check_several(legend)
    return job, legend


def _crop_map(path: str, crs: str, reporter: Reporter) -> CropMap:
    with opened(path, crs) as dataset:
        return CropMap(path, dataset, reporter, crs)


def with_polygon_classes(job: TrainJob, facts: LabelFacts, reporter: Reporter) -> tuple[TrainJob, Legend]:
    """The job with its classes named that are rare, and the legend of those that are left: without a legend one class a
    name. Refuses classes with too few parcels, and too many classes."""
    whole = Legend.load(job.legend) if job.legend else legend_of(facts.counts)
    weights: dict[str, float] = {}
    for label, weight in facts.weights.items():
        crop = whole.find(label)
        name = crop.name if crop else label
        weights[name] = weights.get(name, 0.0) + weight
    job, legend = _chosen(job, whole, weights, tuple(facts.counts), facts.simulated, reporter)
    check_parcels(facts.counts, legend, job.split.min_parcels)
    _check_several(legend)
    return job, legend


def _chosen(
    job: TrainJob,
    whole: Legend,
    weights: Mapping[str, float],
    labels: Sequence[str],
    simulated: bool,
    reporter: Reporter,
) -> tuple[TrainJob, Legend]:
    choice, note = without_rare(job.labels.choice, weights)
    legend = chosen_legend(whole, choice, labels)
    if note:
        reporter.log(note)
    if not choice.is_all:
        reporter.log(f"Classes that are learnt ({choice.told()}): {', '.join(legend.names)}.")
    _check_size(legend)
    card = replace(job.card, simulated=job.card.simulated or simulated)
    return replace(job, card=card, data=tuple(_of(each, choice) for each in job.data)), legend


def _of(series: LabelledSeries, choice: ClassChoice) -> LabelledSeries:
    return replace(series, labels=replace(series.labels, choice=choice))


def _check_size(legend: Legend) -> None:
    if len(legend) > _MOST_CLASSES:
        raise LabelsUnusable(
            f"The labels name {len(legend)} classes, a model holds at most {_MOST_CLASSES}: choose the field with the "
            "class of each parcel, or give a legend."
        )


def _check_several(legend: Legend) -> None:
    if len(legend) == 1:
        raise LabelsUnusable(
            f"{legend.names[0]} is the only class to learn, and a map would name it everywhere: label what is not of "
            "it too, or leave fewer classes out."
        )

"""The diagnosis of a crop map: held against a reference, counted, painted and reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.errors import LabelsUnusable
from ....shared.jobs.accuracy import DiagnoseJob
from ...execution.job_run import job_run
from ...execution.outputs import check_distinct
from ...execution.reporter import Reporter
from ...labels.class_map import BLOCK, CropMap, opened
from ...labels.constants import DISPUTED, NO_DATA
from ...labels.matching import Matcher
from ...labels.open_labels import Labels, open_labels
from ...raster.grid import Window
from ...raster.provenance import SIMULATED_TAG
from ..confusion import Confusion
from .error_layers import Layer, layers_of, write_layers
from .preview import agreement_picture
from .report import Excluded, Facts, write_reports

_SHOWN = 12  # values named in a sentence before it says "and more"


def diagnose(job: DiagnoseJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the layers and the report that `job` asks for; returns their paths and the main figures.

    Raises LabelsUnusable when no value of the reference is a class of the map, NoOverlap, CrsMissing, BadRaster.
    """
    with job_run(job, reporter) as run, opened(job.class_map, job.map_crs) as dataset:
        crop_map = CropMap(job.class_map, dataset, run.step(0, 0.1), job.map_crs)
        matcher = Matcher(crop_map.legend, job.mapping)
        with open_labels(job.reference, crop_map.grid, crop_map.path, matcher.position) as reference:
            comparison = Comparison(crop_map, reference, matcher)
            confusion, excluded = comparison.count(run.step(0.1, 0.4))
            _warn(comparison, excluded, reporter)
            used = np.flatnonzero(confusion.n.sum(axis=0) + confusion.n.sum(axis=1)).tolist()
            layers = layers_of(job.folder, job.agreement, {k: crop_map.legend.classes[k] for k in used})
            check_distinct(*(layer.path for layer in layers))
            write_layers(layers, crop_map, comparison.truth, _tags(job, comparison), run.outputs, run.step(0.4, 1))
        facts = _facts(job, comparison, confusion, excluded, used, layers)
        write_reports(facts, job, agreement_picture(run.output(job.agreement)), run.outputs)
        run.record(job.agreement, {"accuracy": facts.overall})
    reporter.log(facts.headline)
    return _result(job, layers, facts)


class Comparison:
    """Map and reference, read together on the map's grid."""

    def __init__(self, crop_map: CropMap, reference: Labels, matcher: Matcher) -> None:
        self.crop_map, self.reference, self._matcher = crop_map, reference, matcher
        self._table: list[int] = []  # position in the legend of each of the reference's labels

    @property
    def matched(self) -> bool:
        """Whether any label seen so far is a class of the map."""
        return any(position != NO_DATA for position in self._positions())

    @property
    def simulated(self) -> bool:
        return self.crop_map.simulated or self.reference.simulated

    def truth(self, window: Window) -> NDArray[np.int32]:
        """(H, W) int32: the reference as positions in the map's legend; NO_DATA also for values outside it."""
        return self._classes(self.reference.read(window))

    def count(self, reporter: Reporter) -> tuple[Confusion, Excluded]:
        """The confusion matrix of the whole map and what was left out of it."""
        size = len(self.crop_map.legend)
        total = Confusion(np.zeros((size, size), dtype=np.int64))
        map_no_data = reference_no_data = disputed = 0
        outside: Counter[int] = Counter()
        blocks = list(self.crop_map.grid.blocks(BLOCK))
        for done, window in enumerate(blocks, start=1):
            mapped, labels = self.crop_map.read(window), self.reference.read(window)
            truth = self._classes(labels)
            has_map = mapped != NO_DATA
            both = has_map & (truth != NO_DATA)
            total += Confusion.count(truth[both], mapped[both], size)
            map_no_data += int((~has_map).sum())
            reference_no_data += int((has_map & (labels == NO_DATA)).sum())
            disputed += int((has_map & (labels == DISPUTED)).sum())
            values, pixels = np.unique(labels[has_map & (labels >= 0) & ~both], return_counts=True)
            outside.update(dict(zip(values.tolist(), pixels.tolist())))
            reporter.progress(done / len(blocks), "Comparing map and reference", done, len(blocks))
        self._must_have_matched(total, outside)
        named = tuple((str(self.reference.labels[i]), pixels) for i, pixels in outside.most_common())
        return total, Excluded(map_no_data, reference_no_data, disputed, named)

    def _positions(self) -> list[int]:
        for label in self.reference.labels[len(self._table) :]:
            position = self._matcher.position(label)
            self._table.append(NO_DATA if position is None else position)
        return self._table

    def _classes(self, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        table = np.array([*self._positions(), NO_DATA, NO_DATA], dtype=np.int32)  # the last answer to DISPUTED, NO_DATA
        classes: NDArray[np.int32] = table[labels]
        return classes

    def _must_have_matched(self, total: Confusion, outside: Iterable[int]) -> None:
        known = _listed(self.crop_map.legend.names)
        path = self.crop_map.path
        if not self.matched:
            seen = _listed(map(str, self.reference.labels)) or "none"
            raise LabelsUnusable(
                f"No value of the reference ({seen}) is a class of the map {path} ({known}): "
                "choose another class field, or say which value means which class in the mapping."
            )
        if not total.total:
            raise LabelsUnusable(
                f"No pixel of the map {path} has both a class and a reference: choose a reference of the mapped area."
            )


def _facts(
    job: DiagnoseJob,
    comparison: Comparison,
    confusion: Confusion,
    excluded: Excluded,
    used: list[int],
    layers: list[Layer],
) -> Facts:
    crop_map = comparison.crop_map
    return Facts(
        class_map=job.class_map,
        reference=job.reference.path,
        legend_from=crop_map.legend_from,
        grid=crop_map.grid,
        classes=tuple(crop_map.legend.classes[k] for k in used),
        absent=tuple(c.name for k, c in enumerate(crop_map.legend) if k not in used),
        confusion=Confusion(confusion.n[np.ix_(used, used)]),
        excluded=excluded,
        notes=comparison.reference.notes,
        simulated=comparison.simulated,
        layers=tuple(layer.path for layer in layers[1:]),
        job={"kind": job.kind, **asdict(job)},
    )


def _result(job: DiagnoseJob, layers: list[Layer], facts: Facts) -> dict[str, Any]:
    return {
        "folder": job.folder,
        "class_layers": [layer.path for layer in layers[1:]],
        "agreement": job.agreement,
        "report_html": job.report_html,
        "report_json": job.report_json,
        "report_csv": job.report_csv,
        **facts.overall,
    }


def _warn(comparison: Comparison, excluded: Excluded, reporter: Reporter) -> None:
    unnamed = comparison.crop_map.unnamed
    if unnamed and comparison.crop_map.legend_from != "the codes found in it":
        reporter.log(f"The map's legend does not name the codes {_listed(map(str, unnamed))}.", "warning")
    if excluded.disputed:
        reporter.log(
            f"Left out, because polygons of different classes overlap there: {excluded.disputed:,} px.", "warning"
        )
    if excluded.outside_legend:
        values = _listed(f"{name}: {pixels:,} px" for name, pixels in excluded.outside_legend)
        reporter.log(f"Left out, because the map has no such class: {values}.", "warning")


def _tags(job: DiagnoseJob, comparison: Comparison) -> dict[str, str]:
    """What the layers' own metadata say; one simulated side makes a simulated diagnosis."""
    names = {
        "CROP_CLASSIFIER_MAP": Path(job.class_map).name,
        "CROP_CLASSIFIER_REFERENCE": Path(job.reference.path).name,
    }
    return names | ({SIMULATED_TAG: "yes"} if comparison.simulated else {})


def _listed(texts: Iterable[str]) -> str:
    words = list(texts)
    return ", ".join(words[:_SHOWN]) + (f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else "")

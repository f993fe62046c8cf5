"""The diagnosis of a crop map: held against a reference, counted, painted and reported."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ....shared.jobs.accuracy import DiagnoseJob
from ...execution.job_run import JobRun, job_run
from ...execution.outputs import check_distinct
from ...execution.reporter import Reporter
from ...execution.run_record import versions
from ...labels.class_map import CropMap, opened
from ...labels.matching import Matcher
from ...labels.open_labels import open_labels
from ...raster.provenance import SIMULATED_TAG
from ...reporting.sentences import listed
from ...reporting.templates import defined, percent
from ..confusion import Confusion
from .comparison import ComparedClasses, Comparison, Excluded
from .confidence import reliability_of
from .error_layers import Layer, Painted, layers_of, write_layers
from .findings.findings import Findings, Gathering
from .findings.holes import MANY
from .more_layers import Pairs, PairsLayer, write_sureness
from .preview import agreement_picture
from .report import ClassArea, Compared, Facts, LegendUse, write_reports

_MOST_LAYERS = 20  # of classes that the map lacks, the commonest: each says only where the class is (choice)


def diagnose(job: DiagnoseJob, reporter: Reporter) -> dict[str, Any]:
    """Writes the layers and the report that `job` asks for; returns their paths and the main figures.

    Raises LabelsUnusable when no value of the reference is a class of the map, NoOverlap, CrsMissing, BadRaster.
    """
    with job_run(job, reporter) as run, opened(job.class_map, job.map_crs) as dataset:
        crop_map = CropMap(job.class_map, dataset, run.step(0, 0.1), job.map_crs)
        crop_map.merge(job.reference.choice)
        matcher = Matcher(crop_map.legend, job.mapping)
        with open_labels(job.reference, crop_map.grid, crop_map.path, matcher.position) as reference:
            classes = ComparedClasses(crop_map, matcher, job.limits.leave_out_missing)
            comparison = Comparison(crop_map, reference, classes, job.limits)
            gathering = run.enter(Gathering(job, comparison))
            confusion, excluded = comparison.count(run.step(0.1, 0.4), gathering.watchers)
            _warn(comparison, confusion, excluded, reporter)
            used = np.flatnonzero(confusion.n.sum(axis=0) + confusion.n.sum(axis=1)).tolist()
            painted = _painted(used, confusion, len(crop_map.legend))
            layers = layers_of(job.folder, job.agreement, {k: comparison.classes.all[k] for k in painted})
            check_distinct(*(layer.path for layer in layers))
            tags = _tags(job, comparison)
            painted_in_one_pass: list[Painted] = [*layers, *_disagreement(job, comparison, confusion)]
            write_layers(painted_in_one_pass, crop_map, comparison.truth, tags, run.outputs, run.step(0.4, 0.9))
            if job.layers.sureness:
                write_sureness(job.layers, comparison, tags, run)
            counted = Counted(confusion, excluded, used, tuple(layer.path for layer in layers[1:]))
            facts = _facts(job, comparison, counted, gathering.findings(confusion, used), _made(run))
            if job.layers.confidence:
                facts = replace(facts, reliability=reliability_of(job.layers.confidence, comparison, reporter))
            _tell_holes(facts, reporter)
        write_reports(facts, job, agreement_picture(run.output(job.agreement)), run.outputs)
        run.record(job.agreement, {"accuracy": facts.overall, "verdict": facts.verdict.level, "holes": facts.holes()})
    for told in (facts.headline, *facts.verdict.sentences):
        reporter.log(told)
    return _result(job, layers, facts)


def _painted(used: list[int], confusion: Confusion, named: int) -> list[int]:
    """Of the used classes those that get a layer: the map's own (the first `named`) and the commonest others."""
    missing = sorted((k for k in used if k >= named), key=lambda k: -int(confusion.n[k].sum()))[:_MOST_LAYERS]
    return [k for k in used if k < named or k in missing]


@dataclass(frozen=True)
class Counted:
    """What the comparison and the layers came to."""

    confusion: Confusion  # of all compared classes
    excluded: Excluded
    used: list[int]  # positions of the classes that either side has
    layers: tuple[str, ...]


def _disagreement(job: DiagnoseJob, comparison: Comparison, confusion: Confusion) -> list[PairsLayer]:
    path = job.layers.disagreement
    return [PairsLayer(path, Pairs(comparison.classes.all, confusion))] if path else []


def _facts(
    job: DiagnoseJob, comparison: Comparison, counted: Counted, findings: Findings, made: dict[str, Any]
) -> Facts:
    crop_map, classes, used = comparison.crop_map, comparison.classes, counted.used
    absent = tuple(c.name for k, c in enumerate(crop_map.legend) if k not in used)
    missing = tuple(classes.all[k].name for k in used if k >= len(crop_map.legend))
    kind = {"kind": job.kind, **asdict(job)}
    return Facts(
        Compared(job.class_map, job.reference.path, comparison.notes, comparison.simulated, kind, made),
        LegendUse(crop_map.legend_from, absent, missing, _areas(crop_map)),
        crop_map.grid,
        tuple(classes.all[k] for k in used),
        tuple(crop.name for crop in classes.all),
        Confusion(counted.confusion.n[np.ix_(used, used)]),
        counted.excluded,
        counted.layers,
        findings,
    )


def _made(run: JobRun) -> dict[str, Any]:
    """When and with what the report was made."""
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    return {"at": now, "seconds": run.seconds, "packages": versions()}


def _tell_holes(facts: Facts, reporter: Reporter) -> None:
    holes = facts.holes()
    if not holes["pixels"]:
        return
    hectares = "" if holes["hectares"] is None else f", {holes['hectares']:,.1f} ha"
    parcels = f"; {holes['parcels']:,} parcels have no map at all" if holes["parcels"] else ""
    told = f"The map says nothing of {holes['share']:.1%} of its area{hectares}{parcels}. {holes['filling']}"
    known = (facts.findings.record or {}).get("no_data")  # whoever made the map was warned then
    reporter.log(told, "warning" if holes["share"] >= MANY and not known else "info")


def _areas(crop_map: CropMap) -> tuple[ClassArea, ...]:
    rows = zip(crop_map.legend, crop_map.pixels.tolist(), crop_map.hectares.tolist())
    return tuple(ClassArea(crop.code, crop.name, crop.colour, pixels, defined(ha)) for crop, pixels, ha in rows)


def _result(job: DiagnoseJob, layers: list[Layer], facts: Facts) -> dict[str, Any]:
    return {
        "folder": job.folder,
        "class_layers": [layer.path for layer in layers[1:]],
        "agreement": job.agreement,
        "disagreement": job.layers.disagreement,
        "sureness": job.layers.sureness,
        "report_html": job.report_html,
        "report_json": job.report_json,
        "report_csv": job.report_csv,
        **facts.overall,
    }


def _warn(comparison: Comparison, confusion: Confusion, excluded: Excluded, reporter: Reporter) -> None:
    crop_map = comparison.crop_map
    for note in comparison.notes:
        reporter.log(note, "warning")
    if crop_map.unnamed and crop_map.has_names:
        reporter.log(f"The map's legend does not name the codes {listed(crop_map.unnamed)}.", "warning")
    if excluded.disputed:
        reporter.log(
            f"Left out, because polygons of different classes overlap there: {excluded.disputed:,} px.", "warning"
        )
    if excluded.edges:
        share = percent(excluded.edges_right / excluded.edges)
        reporter.log(f"Counted apart, because a boundary is near: {excluded.edges:,} px, of which {share} agree.")
    missing = [
        f"{crop.name}: {pixels:,} px"
        for crop, pixels in zip(comparison.classes.missing, confusion.n.sum(axis=1)[len(crop_map.legend) :].tolist())
        if pixels
    ]
    if missing:
        reporter.log(
            f"Counted as wrong, because the map has no such class: {listed(missing)}. If they are other words for its "
            "classes, give a mapping; if they were never to be mapped, leave out what the map lacks.",
            "warning",
        )
    if excluded.outside_legend:
        values = listed(f"{name}: {pixels:,} px" for name, pixels in excluded.outside_legend)
        reporter.log(f"Left out, because the map has no such class: {values}.", "warning")


def _tags(job: DiagnoseJob, comparison: Comparison) -> dict[str, str]:
    """What the layers' own metadata say; one simulated side makes a simulated diagnosis."""
    names = {
        "CROP_CLASSIFIER_MAP": Path(job.class_map).name,
        "CROP_CLASSIFIER_REFERENCE": Path(job.reference.path).name,
    }
    return names | ({SIMULATED_TAG: "yes"} if comparison.simulated else {})

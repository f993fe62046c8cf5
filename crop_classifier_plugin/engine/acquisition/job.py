"""The search_scenes job: a STAC API asked for a place and a season, and what it has there fetched."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...shared.errors import BadInput, Cancelled, CancelledKept, CropClassifierError
from ...shared.jobs.search_scenes import SearchScenesJob
from ..execution.job_run import job_run
from ..execution.reporter import Reporter
from ..products.discovery import ITEMS
from .assets import Wanted, listed, tell_hosts, wanted_files
from .catalogue import Found, search
from .download import FETCHED, GONE, OUTSIDE, THERE, Download, attended, check_disk, check_hosts, fetch_all
from .network import Network
from .scene_table import collection_text, local_item, merged, write_table
from .signing import Signer


def search_scenes(job: SearchScenesJob, reporter: Reporter) -> dict[str, object]:
    """Writes the table and fills the folder; returns their paths and what was found.

    What is fetched stays when the job is cancelled or fails, and is not fetched again.
    """
    with job_run(job, reporter) as run:
        network = Network(job.access, job.api, reporter.check)
        items = Path(job.folder).absolute() / ITEMS
        if job.folder:
            run.output(items, renewed=True)  # what it lists is kept
        reporter.progress(0, "Asking the catalogue")
        (scenes,) = attended([lambda: search(job, network, reporter)], 1, reporter)
        tell_hosts(scenes, reporter)
        kept = _fetch(job, network, scenes, run.step(0.05, 0.98)) if job.folder else []
        told = [scene for scene in scenes if not job.folder or any(file.scene is scene for file in kept)]
        if job.folder:
            run.outputs.write_text(items, collection_text(merged(items, _items(told, kept))))
        if job.table:
            write_table(job.table, told, kept, run.outputs)
        facts = _facts(told, kept)
        run.record(job.table or items, facts)
    with_files = f", {len(kept)} files in {job.folder}" if kept else ""
    reporter.log(f"{len(told)} scenes from {told[0].date} to {told[-1].date}{with_files}.")
    return {"table": job.table, "folder": job.folder, **facts}


def _fetch(job: SearchScenesJob, network: Network, scenes: Sequence[Found], reporter: Reporter) -> list[Wanted]:
    """The files that lie in the folder in the end."""
    files = wanted_files(scenes, job.bands, job.whole, reporter)
    check_hosts(files, network)
    download = Download(job, network, Signer(job.access, network))
    check_disk(download, files, reporter)
    outcome: dict[str, str] = {}
    try:
        fetch_all(download, files, outcome, reporter)
    except Cancelled:
        kept = _keep(job, files, outcome)
        if not kept:
            raise
        raise CancelledKept(f"what was fetched ({kept} whole scenes)", job.folder) from None
    except CropClassifierError:
        _keep(job, files, outcome)
        raise
    _tell(files, outcome, reporter)
    return [file for file in files if outcome[file.name] in (FETCHED, THERE)]


def _keep(job: SearchScenesJob, files: Sequence[Wanted], outcome: Mapping[str, str]) -> int:
    """Lists in the folder the scenes of which every file is there; how many they are."""
    there = [file for file in files if outcome.get(file.name) in (FETCHED, THERE)]
    lacking = {id(file.scene) for file in files if file.name not in outcome}
    whole = [file for file in there if id(file.scene) not in lacking]
    scenes = list({id(file.scene): file.scene for file in whole}.values())
    items = Path(job.folder).absolute() / ITEMS
    if scenes:
        part = items.with_name(f".{items.stem}.part{items.suffix}")
        part.write_text(collection_text(merged(items, _items(scenes, whole))), encoding="utf-8")
        os.replace(part, items)
    return len(scenes)


def _items(scenes: Sequence[Found], files: Sequence[Wanted]) -> list[dict[str, Any]]:
    return [local_item(scene, [file for file in files if file.scene is scene]) for scene in scenes]


def _tell(files: Sequence[Wanted], outcome: Mapping[str, str], reporter: Reporter) -> None:
    """What was there already, what does not reach the place, what is gone. Raises BadInput where nothing is left."""
    named = {what: [file.name for file in files if outcome[file.name] == what] for what in (THERE, OUTSIDE, GONE)}
    if named[THERE]:
        reporter.log(f"{len(named[THERE])} files were there already.")
    if named[OUTSIDE]:
        reporter.log(f"These do not reach the place: {listed(named[OUTSIDE])}.")
    if named[GONE]:
        reporter.log(f"The catalogue names these, their server has them no more: {listed(named[GONE])}.", "warning")
    if len(named[OUTSIDE]) + len(named[GONE]) == len(files):
        raise BadInput("No file of the scenes is there and reaches the place: choose another place or catalogue.")


def _facts(scenes: Sequence[Found], files: Sequence[Wanted]) -> dict[str, object]:
    return {
        "scenes": [f"{scene.date} {scene.item.id}" for scene in scenes],
        "dates": sorted({scene.date.isoformat() for scene in scenes}),
        "bands": list(dict.fromkeys(band for file in files for band in file.bands if band)),
        "files": len(files),
    }

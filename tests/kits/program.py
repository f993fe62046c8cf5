"""What the tests of the engine as a program share: a place with inputs, a run in a process of its own, its words."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.classify import ClassifyJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.classification import classify_job
from kits.models import write_model
from kits.paths import REPOSITORY
from kits.rasters import write_season

ENGINE = [sys.executable, "-m", "crop_classifier_plugin.engine"]
posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}


def run(job: Any, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """`engine run job.json` as the plugin calls it; the job's file lies outside `folder`, which is watched."""
    path = folder.parent / f"{folder.name}.job.json"
    path.write_text(registry.dump(job) if dataclasses.is_dataclass(job) else json.dumps(job))
    return subprocess.run(
        [*ENGINE, "run", str(path)], capture_output=True, text=True, env=environment(), check=False, **options
    )


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a run that failed as it should."""
    told = [e for e in events(done) if e["event"] == "error"]
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(told) == 1
    assert "Traceback" not in done.stderr + done.stdout
    sentence: str = told[0]["sentence"]
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert told[-1] == events(done)[-1]
    return sentence


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Inputs and old outputs stay to the byte, and nothing new appears, hidden files included."""
    before = contents(folder)
    yield
    after = contents(folder)
    assert sorted(after) == sorted(before)
    assert after == before


def make_place(tmp_path: Path) -> Path:
    """A folder with a season, a model, and a crop map of an earlier run."""
    folder = tmp_path / "place"
    write_season(folder / "season")
    write_model(folder / "model")
    (folder / "map.tif").write_bytes(b"an earlier map")
    return folder


def classify(place: Path, **changes: Any) -> ClassifyJob:
    scenes = tuple(SceneSource(str(p)) for p in sorted((place / "season").iterdir()))
    whole = {"scenes": scenes, "model": str(place / "model"), "class_map": str(place / "map.tif")}
    return classify_job(**(whole | {"confidence": str(place / "new" / "confidence.tif")} | changes))


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)

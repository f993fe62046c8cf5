"""How a job begins and ends, whichever it is; and what the jobs say of their files."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from crop_classifier_plugin.engine.execution.job_run import job_run
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.errors import BadInput, OutputNotWritable
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.base import Job
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series


@dataclass(frozen=True)
class Small(Job):
    kind = "small"
    entry = "nowhere:nothing"
    writes_rasters = ("output",)
    writes_files = ("report",)
    reads = ("series", "labels")
    series: Series
    output: str = ""
    report: str = ""
    labels: str = ""


@dataclass(frozen=True)
class Filed(Job):
    kind = "filed"
    entry = "nowhere:nothing"
    writes_rasters = ("output",)
    writes_folders = ("folder",)
    output: str
    folder: str


def small(place: Path, output: str = "map.tif", **fields: Any) -> Small:
    series = Series((SceneSource(str(place / "scene.tif")),))
    return Small(series, str(place / output), **fields)


@pytest.mark.parametrize("kind", registry.JOBS)
def test_every_job_names_its_files_and_its_entry_by_fields_that_it_has(kind: str) -> None:
    cls = registry.JOBS[kind]
    assert issubclass(cls, Job)
    named = (*cls.writes_rasters, *cls.writes_files, *cls.writes_folders, *cls.reads)
    assert {name.partition(".")[0] for name in named} <= {field.name for field in fields(cls)}
    assert len(named) == len(set(named))
    assert cls.writes_rasters or cls.writes_files or cls.writes_folders


def test_all_files_or_none(tmp_path: Path) -> None:
    reporter = Silent()
    job = small(tmp_path, report=str(tmp_path / "report.html"))
    with pytest.raises(ZeroDivisionError), job_run(job, reporter) as run:  # noqa: PT012
        Path(run.output(job.output)).write_text("a map")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
    with job_run(job, reporter) as run:
        Path(run.output(job.output)).write_text("a map")
        assert not Path(job.output).exists()
        run.record(job.output, {"device": "cpu"})
    assert {path.name for path in tmp_path.iterdir()} == {"map.tif", "map.run.json"}
    record = json.loads((tmp_path / "map.run.json").read_text())
    assert (record["device"], record["job"]["output"], record["job"]["kind"]) == ("cpu", job.output, "small")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"output": "map.png"}, "not a GeoTIFF"),
        ({"output": "scene.tif"}, "replace an input"),
        ({"report": "map.tif"}, "overwrite each other"),
        ({"report": "labels.gpkg", "labels": "labels.gpkg"}, "replace an input"),
    ],
)
def test_outputs_that_cannot_be_meant_are_refused_before_any_work(
    tmp_path: Path, fields: dict[str, str], says: str
) -> None:
    given = {name: value if name == "output" else str(tmp_path / value) for name, value in fields.items()}
    with pytest.raises(BadInput, match=says), job_run(small(tmp_path, **given), Silent()):
        pytest.fail("it went to work")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "map.tif").mkdir()
    with pytest.raises(OutputNotWritable), job_run(small(tmp_path), Silent()):
        pytest.fail("it went to work")


def test_what_was_opened_is_closed_before_the_files_get_their_names(tmp_path: Path) -> None:
    seen = []

    class Reader:
        def __enter__(self) -> Reader:
            return self

        def __exit__(self, *error: object) -> None:
            seen.append(Path(job.output).exists())

    job = small(tmp_path)
    with job_run(job, Silent()) as run:
        run.enter(Reader())
        Path(run.output(job.output)).write_text("a map")
    assert seen == [False]
    assert Path(job.output).exists()


def test_a_folder_may_have_the_name_of_a_file(tmp_path: Path) -> None:
    job = Filed(str(tmp_path / "c.tif"), str(tmp_path / "c"))
    with job_run(job, Silent()) as run:
        for path in (job.output, tmp_path / "c" / "a.tif"):
            Path(run.output(path)).write_text("a map")
    assert (tmp_path / "c" / "a.tif").exists()
    assert job.outputs() == (job.output, job.folder)

"""Bad jobs of a simulation, and runs broken off: one sentence, and nothing left behind."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyogrio
import pytest
from pyogrio.errors import DataSourceError

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.simulate.job import simulate
from crop_classifier_plugin.shared.errors import (
    BadInput,
    Cancelled,
    DiskFull,
    OutputNotWritable,
)
from kits.simulation import JOB, digests, small

BAD = [
    ({"width": 0}, "width of 0"),
    ({"height": -4}, "height of -4"),
    ({"width": 33}, "width of 33"),
    ({"cloud_share": 0.96}, "0.96"),
    ({"cloud_share": -0.1}, "-0.1"),
    ({"cloud_share": float("nan")}, "nan"),
    ({"crs": "EPSG:4326"}, "EPSG:4326 does not count in metres"),
    ({"crs": "EPSG:2263"}, "EPSG:2263 does not count in metres"),
    ({"crs": "nowhere"}, "nowhere"),
    ({"crs": ""}, "unknown"),
    ({"dates": ("2024-13-01",)}, "2024-13-01"),
    ({"dates": ("spring",)}, "spring"),
    ({"dates": ("2024-05-01", "2024-06-01", " 2024-05-01")}, "2024-05-01 is given more than once"),
    ({"dates": ("2023-05-01",)}, "not in the simulated year 2024"),
    ({"revisit_days": 0}, "revisit of 0"),
    ({"year": 99999}, "99999"),
    ({"corner": (float("inf"), 5e6)}, "inf"),
    ({"folder": " "}, "No folder"),
]


@pytest.mark.parametrize(("change", "says"), BAD, ids=[f"{next(iter(c))}-{s}" for c, s in BAD])
def test_bad_jobs_get_one_sentence(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=r".+: .+\.$") as caught:
        simulate(
            replace(JOB, folder=str(tmp_path / "new"), **change) if "folder" not in change else replace(JOB, **change),
            Silent(),
        )
    assert says in caught.value.sentence
    assert not (tmp_path / "new").exists()


def test_another_season_in_the_folder_is_refused_and_kept(tmp_path: Path) -> None:
    small(tmp_path)
    before = digests(tmp_path)
    small(tmp_path)  # the same again is welcome
    with pytest.raises(BadInput, match="S2_10m_20240425"):
        small(tmp_path, dates=("2024-05-01",))
    assert digests(tmp_path) == before


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputNotWritable):
        small(tmp_path / "file")


@pytest.mark.parametrize(("free", "expected"), [(0, DiskFull), (1 << 30, OutputNotWritable)])
def test_parcels_that_cannot_be_written_end_the_job_cleanly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, expected: type[Exception]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DataSourceError("Failed to commit transaction")

    monkeypatch.setattr(pyogrio.raw, "write", refuse)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with pytest.raises(expected):
        small(tmp_path)
    assert list(tmp_path.iterdir()) == []


class StopsAt(Silent):
    """Cancels once the given fraction is reached."""

    def __init__(self, fraction: float) -> None:
        super().__init__()
        self.fraction, self.seen = fraction, [0.0]

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        self.seen.append(fraction)
        if fraction >= self.fraction:
            self.stop.set()
        self.check()


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.97])
def test_cancel_leaves_nothing(tmp_path: Path, fraction: float) -> None:
    reporter = StopsAt(fraction)
    with pytest.raises(Cancelled):
        simulate(replace(JOB, folder=str(tmp_path), width=64, height=64), reporter)
    assert list(tmp_path.iterdir()) == []


def test_progress_only_grows_and_ends_at_one(tmp_path: Path) -> None:
    reporter = StopsAt(2.0)
    simulate(replace(JOB, folder=str(tmp_path), width=64, height=64), reporter)
    assert reporter.seen == sorted(reporter.seen)
    assert reporter.seen[-1] == 1.0

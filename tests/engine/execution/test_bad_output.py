"""Outputs that cannot be written, and runs stopped in the middle: one sentence, and nothing half-written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter
from crop_classifier_plugin.shared.errors import DiskFull
from crop_classifier_plugin.shared.files.staging import tidy
from crop_classifier_plugin.shared.jobs import registry
from kits.models import LEGEND
from kits.program import ENGINE, classify, contents, environment, make_place, posix, refusal, run, small_disk, untouched
from kits.rasters import BANDS, write_raster, write_season

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_place(tmp_path)


# --- outputs ---------------------------------------------------------------------------------------------------------


def test_an_output_folder_without_rights(place: Path) -> None:
    """Below a file, and in /proc: no right that even root has."""
    (place / "file").write_text("a file")
    with untouched(place):
        assert "file" in refusal(run(classify(place, class_map=str(place / "file" / "map.tif")), place))
        if sys.platform == "linux":
            assert "/proc" in refusal(run(classify(place, class_map="/proc/map.tif"), place))


@posix
def test_a_full_disk(place: Path) -> None:
    """A limit on the size of files stands for a full disk: writing fails in the middle."""
    import resource

    write_season(place / "season", 700, 900)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    with untouched(place):
        refusal(run(classify(place, probabilities=str(place / "p.tif")), place, preexec_fn=limit))


def test_a_disk_that_is_really_full(place: Path, tmp_path: Path) -> None:
    write_season(place / "season", 700, 900)
    with small_disk(tmp_path / "disk", 64) as disk:
        (disk / "map.tif").write_bytes(b"an earlier map")
        job = classify(place, class_map=str(disk / "map.tif"), confidence="", probabilities=str(disk / "p.tif"))
        with untouched(place), untouched(disk):
            assert "disk is full" in refusal(run(job, place))


@pytest.mark.parametrize("share", [0.2, 0.6, 0.8, 0.9, 0.97, 1.1])
def test_a_raster_is_whole_or_the_disk_is_called_full(tmp_path: Path, share: float) -> None:
    """GDAL may say nothing of a disk that fills while it closes the file or builds the overviews."""
    codes = np.random.default_rng(0).choice([1, 2, 3], (600, 1100)).astype(np.uint8)
    whole = tmp_path / "whole.tif"
    write_codes(whole, codes)
    with small_disk(tmp_path / "disk", int(share * whole.stat().st_size / 1024)) as disk:
        if share < 1:
            with pytest.raises(DiskFull):
                write_codes(disk / "map.tif", codes)
        else:
            write_codes(disk / "map.tif", codes)
            assert (disk / "map.tif").read_bytes() == whole.read_bytes()


def write_codes(path: Path, codes: np.ndarray) -> None:
    grid = Grid(rasterio.CRS.from_epsg(32631), rasterio.Affine(10, 0, 0, 0, -10, 0), *codes.shape)
    with RasterWriter(str(path), grid, RasterSpec.classes(LEGEND, "crop")) as writer:
        writer.write(codes, Window(0, 0, *codes.shape))


# --- stopped in mid-run ----------------------------------------------------------------------------------------------


@contextmanager
def in_mid_run(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A long run, caught while it classifies."""
    for scene in (place / "season").iterdir():
        with rasterio.open(scene) as file:
            array = np.tile(file.read(), (1, 60, 40))
        write_raster(scene, array, names=BANDS, nodata=0, tiled=True)
    path = place.parent / "long.job.json"
    path.write_text(registry.dump(classify(place)))
    process = subprocess.Popen([*ENGINE, "run", str(path)], stdout=subprocess.PIPE, text=True, env=environment())
    try:
        assert process.stdout
        for line in process.stdout:
            if json.loads(line).get("message") == "Classifying" and json.loads(line)["done"] > 20:
                break
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait()


@posix
def test_cancel_in_mid_run(place: Path) -> None:
    with in_mid_run(place) as process:
        before = {name: data for name, data in contents(place).items() if ".part" not in name}
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
        seconds = time.monotonic() - started
    assert process.returncode == 143
    assert seconds < 2
    assert contents(place) == before
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["code"]) == ("error", "cancelled")


@posix
def test_killed_in_mid_run(place: Path) -> None:
    with in_mid_run(place) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        left = contents(place)
    assert process.returncode == -signal.SIGKILL
    assert left["map.tif"] == b"an earlier map"
    assert "new/confidence.tif" not in left
    hidden = [name for name in left if ".part" in name]
    assert all(f".{process.pid}.part" in name for name in hidden)
    tidy(place)  # as the plugin does at once, and every later run in the folder
    tidy(place / "new")
    assert not [name for name in contents(place) if ".part" in name]

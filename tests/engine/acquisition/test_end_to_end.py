"""The command: a catalogue searched, its files fetched, and the folder classified as the files themselves are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from kits.catalogue.items import item_of
from kits.catalogue.server import Catalogue, served
from kits.models import write_model
from kits.paths import REPOSITORY
from kits.rasters import BANDS, write_season

pytestmark = pytest.mark.timeout(120)
ENGINE = [sys.executable, "-m", "crop_classifier_plugin.engine"]
VARIABLES = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    paths = write_season(tmp_path / "files", height=90, width=120)
    with served(Catalogue(tmp_path / "files", page=1)) as found:
        for path in paths:
            day = f"{path.stem[-8:-4]}-{path.stem[-4:-2]}-{path.stem[-2:]}"
            found.items.append(item_of(path.stem, day, f"{found.address}/files/{path.name}", BANDS))
        yield found


def search(catalogue: Catalogue, *more: str) -> list[str]:
    season = ("--first", "2024-01-01", "--last", "2024-12-31", "--collection", "own")
    return [*ENGINE, "search-scenes", "--api", catalogue.address, *season, *more]


def test_a_downloaded_folder_is_classified_as_the_files_are(catalogue: Catalogue, tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    with rasterio.open(catalogue.files / "S2_20240425.tif") as file:
        xmin, ymin, xmax, ymax = file.bounds
    place = [str(v) for v in (xmin + 200, ymin + 100, xmax - 100, ymax - 200)]
    area = ["--extent", *place, "--extent-crs", "EPSG:32631"]
    done = subprocess.run(
        search(catalogue, *area, "--folder", "got", "--out", "t.csv"),
        capture_output=True,
        text=True,
        env=VARIABLES,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "t.csv").read_text().splitlines()[1].startswith("S2_20240425_data.tif,2024-04-25,")
    maps = []
    for name, source in (("a.tif", "got"), ("b.tif", "files")):
        line = ["classify", "--model", "model", "--series", source, "--out", name, "--mask", "none", *area]
        done = subprocess.run(
            [*ENGINE, *line], capture_output=True, text=True, env=VARIABLES, cwd=tmp_path, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        with rasterio.open(tmp_path / name) as file:
            maps.append((file.read(1), file.transform))
    inner = slice(2, -2)  # the network sees two pixels around each, which end at the cut
    np.testing.assert_array_equal(maps[0][0][inner, inner], maps[1][0][inner, inner])
    assert maps[0][1] == maps[1][1]
    assert maps[0][0].shape == (60, 90)
    assert len(np.unique(maps[0][0])) > 1


def test_the_place_is_that_of_a_file(catalogue: Catalogue, tmp_path: Path) -> None:
    done = subprocess.run(
        search(catalogue, "--area", str(catalogue.files / "S2_20240425.tif"), "--out", "t.gpkg"),
        capture_output=True,
        text=True,
        env=VARIABLES,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "t.gpkg").is_file()
    done = subprocess.run(
        search(catalogue, "--area", "nothing.gpkg", "--out", "u.csv"),
        capture_output=True,
        text=True,
        env=VARIABLES,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert "nothing.gpkg is neither a raster nor a file of polygons" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_cancelled_run_keeps_what_it_has_and_goes_on(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.always = {"/files/S2_20240815.tif": "hang 30"}
    place = search(catalogue, "--area", str(catalogue.files / "S2_20240425.tif"), "--folder", "got", "--whole")
    with subprocess.Popen(place, env=VARIABLES, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
        until = time.monotonic() + 30
        while len(list((tmp_path / "got").glob("S2*.tif"))) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.3)
        started = time.monotonic()
        run.send_signal(signal.SIGTERM)
        run.wait(10)
        assert time.monotonic() - started < 2
        assert run.returncode == 143
        assert run.stderr is not None
        assert "was kept in got" in run.stderr.read()
    catalogue.always.clear()
    catalogue.asked.clear()
    subprocess.run(place, env=VARIABLES, cwd=tmp_path, check=True)
    assert {path for method, path, _ in catalogue.asked if method == "GET"} == {"/files/S2_20240815.tif"}
    assert len(list((tmp_path / "got").glob("S2*.tif"))) == 3

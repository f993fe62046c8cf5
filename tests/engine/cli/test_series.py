"""The commands about series as a terminal calls them: what they write, and one sentence for what they cannot do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kits.paths import REPOSITORY
from kits.rasters import write_raster

pytestmark = pytest.mark.timeout(120)
ENGINE = [sys.executable, "-m", "crop_classifier_plugin.engine"]
FUSION = "--fine 2022 --coarse 2022"
VARIABLES = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two years of four dates each, B04 B08 and SCL."""
    rng = np.random.default_rng(0)
    for year in (2022, 2023):
        for month in (4, 5, 6, 7):
            array = rng.integers(100, 4000, (3, 12, 10)).astype(np.uint16)
            array[2] = rng.choice([4, 9], (12, 10))
            names = ("B04", "B08", "SCL")
            write_raster(tmp_path / str(year) / f"S2_{year}{month:02}{10 + month + year % 2}.tif", array, names=names)
    labels = rng.integers(1, 3, (1, 12, 10)).astype(np.uint8)
    write_raster(tmp_path / "t.tif", labels, nodata=0)
    ndvi = rng.random((1, 12, 10)).astype(np.float32)
    write_raster(tmp_path / "i.tif", ndvi, names=["NDVI 2022-07-17"])
    return tmp_path


def call(place: Path, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ENGINE, *line.split()], capture_output=True, text=True, env=VARIABLES, cwd=place, check=False
    )


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("composite --series 2023 --out c --valid-dates n.tif --period days --days 45 --method medoid", "c n.tif"),
        ("composite --series 2023 --stack c.tif --band B08 --first 2023-05-01", "c.tif"),
        ("fill-gaps --series 2023 --out f.tif --method savgol --max-gap 40 --no-hold", "f.tif"),
        ("index --series 2022 --series 2023 --index NDVI --index SAVI --out i.tif", "i.tif"),
        ("phenology --series 2022 --least-dates 3 --seasons 2 --least-amplitude 0.05 --out s.tif", "s.tif s.qml"),
        ("phenology --series 2022 --least-dates 3 --out p.tif --valid-dates n.tif", "p.tif p.qml n.tif p.run.json"),
        (f"fuse-starfm {FUSION} --target 2022-06-16 --out f.tif --band B04 --window 5", "f.tif f.run.json"),
        (
            f"fuse-starfm {FUSION} --pairs 2 --target 2022-06-16 --out f.tif --band B08 --no-temporal-filter "
            "--spread window --combination logarithm --window 3 --extent 500000 5649900 500090 5650000",
            "f.tif",
        ),
        (
            "evaluate-fusion --fused 2022/S2_20220616.tif --truth 2022/S2_20220616.tif --coarse 2022/S2_20220616.tif "
            "--fine 2022/S2_20220515.tif --band B04 --out e",
            "e/fusion.html e/fusion.json e/fusion.csv e/fusion.run.json",
        ),
        (
            "crop-gain --series 2022 --before 2022-06-01 --index NDVI --prediction B=i.tif --labels t.tif "
            "--split block --block 4 --seeds 1 --leaf 1 --mask none --out g",
            "g/crop_gain.html g/crop_gain.json g/crop_gain.csv g/crop_gain.run.json",
        ),
        ("align-series --training 2022 --series 2023 --count 3 --strategy E --out t.tif --table d.csv", "t.tif d.csv"),
    ],
)
def test_command_writes_what_it_is_asked_for(place: Path, line: str, written: str) -> None:
    done = call(place, line)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((place / name).exists() for name in written.split())
    assert not list(place.rglob("*.part*"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("composite --series 2023 --out c --first May", "'May' of the first day cannot be read"),
        ("composite --series 2023", "No output was asked for"),
        ("composite --series 2023 --out c --days 0 --period days", "A period of 0 days"),
        ("composite --series gone --out c", "gone"),
        ("composite --series 2023 --out c --extent 0 0 1 1 --extent-crs EPSG:0", "EPSG:0"),
        ("index --series 2023 --index EVI --out i.tif", "B02"),
        ("phenology --series 2023 --out p.tif", "has 4 dates, a season needs 6"),
        ("fuse-starfm --fine 2022 --coarse 2023 --out f.tif --band B04 --target 2023-05-16", "needs 1 base pair"),
        (f"fuse-starfm {FUSION} --out f.tif --window 4", "The window of 4 px cannot be used"),
        ("evaluate-fusion --fused a.tif --truth b.tif --fine c.tif --coarse d.tif --out e", "a.tif"),
        ("crop-gain --series 2022 --prediction i.tif --labels t.tif --out g --exclude rye", "no class 'rye' to leave"),
        ("fill-gaps --series 2023 --out f.png", "f.png is not a GeoTIFF"),
        ("align-series --training 2022 --series 2023 --out t.tif --table d.csv", "7 base dates are wanted"),
    ],
)
def test_refusal_is_one_sentence(place: Path, line: str, says: str) -> None:
    done = call(place, line)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].endswith(".")
    assert sorted(p.name for p in place.iterdir()) == ["2022", "2023", "i.tif", "t.tif"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_cancelled_run_ends_soon_and_leaves_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for day in range(10, 28):
        array = rng.integers(100, 4000, (1, 1500, 1500)).astype(np.uint16)
        write_raster(tmp_path / "s" / f"S2_202305{day}.tif", array, names=["B04"], nodata=0)
    command = [*ENGINE, "fill-gaps", "--series", "s", "--out", "out/f.tif"]
    with subprocess.Popen(command, env=VARIABLES, cwd=tmp_path, stderr=subprocess.DEVNULL) as run:
        while not list(tmp_path.glob("out/.*.part/new/f.tif")):
            assert run.poll() is None
            time.sleep(0.1)
        time.sleep(0.5)
        started = time.monotonic()
        run.send_signal(signal.SIGTERM)
        assert run.wait(10) == 143
        assert time.monotonic() - started < 2.5
    assert not (tmp_path / "out").exists()

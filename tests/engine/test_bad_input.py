"""Bad input to the engine as a program: exit 1, one sentence, no traceback, no half-written file.

One test a line of what can go wrong. Every run is a process of its own, as QGIS starts it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from conftest import BANDS, LEGEND, REPOSITORY, write_model, write_raster, write_season

from crop_classifier_plugin.engine import jobs
from crop_classifier_plugin.engine.errors import DiskFull
from crop_classifier_plugin.engine.jobs import ClassifyJob, DiagnoseJob, SceneSource
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter

pytestmark = pytest.mark.timeout(120)
ENGINE = [sys.executable, "-m", "crop_classifier_plugin.engine"]
posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}


def run(job: Any, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """`engine run job.json` as the plugin calls it; the job's file lies outside `folder`, which is watched."""
    path = folder.parent / f"{folder.name}.job.json"
    path.write_text(jobs.dump(job) if dataclasses.is_dataclass(job) else json.dumps(job))
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


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a season, a model, and a crop map of an earlier run."""
    folder = tmp_path / "place"
    write_season(folder / "season")
    write_model(folder / "model")
    (folder / "map.tif").write_bytes(b"an earlier map")
    return folder


def classify(place: Path, **changes: Any) -> ClassifyJob:
    scenes = tuple(SceneSource(str(p)) for p in sorted((place / "season").iterdir()))
    whole = {"scenes": scenes, "model": str(place / "model"), "class_map": str(place / "map.tif")}
    return ClassifyJob(**(whole | {"confidence": str(place / "new" / "confidence.tif")} | changes))


def test_the_good_case_works(place: Path) -> None:
    """Or all the refusals below would prove nothing."""
    done = run(classify(place), place)
    assert done.returncode == 0, done.stdout + done.stderr
    result = events(done)[-1]
    assert result["event"] == "result"
    assert result["device"]
    with rasterio.open(place / "map.tif") as file:
        assert file.count == 1
    assert not [name for name in contents(place) if ".part" in name]


# --- dates and bands -------------------------------------------------------------------------------------------------


def test_no_date_in_a_name(place: Path) -> None:
    scene = place / "season" / "S2_20240620.tif"
    scene.rename(scene.with_name("summer.tif"))
    with untouched(place):
        assert "summer" in refusal(run(classify(place), place))


def test_the_same_date_twice_is_refused_with_both_names(place: Path) -> None:
    scene = place / "season" / "S2_20240620.tif"
    (place / "season" / "again_20240620.tif").write_bytes(scene.read_bytes())
    with untouched(place):
        sentence = refusal(run(classify(place), place))
    assert "S2_20240620.tif" in sentence
    assert "again_20240620.tif" in sentence


def test_tiles_and_band_files_of_one_date_are_merged(place: Path) -> None:
    season = place / "season"
    with rasterio.open(season / "S2_20240620.tif") as file:
        array, transform = file.read(), file.transform
    (season / "S2_20240620.tif").unlink()
    for name, rows in (("north", slice(0, 20)), ("south", slice(20, 50))):
        moved = transform @ rasterio.Affine.translation(0, rows.start)
        for part, bands in (("visible", slice(0, 3)), ("infrared", slice(3, 6))):
            piece, names = array[bands, rows], BANDS[bands]
            write_raster(season / f"{name}_{part}_20240620.tif", piece, names=names, transform=moved, nodata=0)
    done = run(classify(place), place)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_band(place: Path) -> None:
    scene = place / "season" / "S2_20240620.tif"
    with rasterio.open(scene) as file:
        array = file.read()
    write_raster(scene, array[:5], names=BANDS[:5], nodata=0)
    with untouched(place):
        sentence = refusal(run(classify(place), place))
    assert "B12" in sentence
    assert "2024-06-20" in sentence


def test_reflectance_that_is_not_times_ten_thousand(place: Path) -> None:
    for scene in (place / "season").iterdir():
        with rasterio.open(scene) as file:
            array = file.read() / np.float32(10000)
        write_raster(scene, array.astype(np.float32), names=BANDS, nodata=0)
    with untouched(place):
        assert "10000" in refusal(run(classify(place), place))


def test_reflectance_whose_scale_the_file_tells_is_taken(place: Path) -> None:
    plain = run(classify(place, class_map=str(place / "a.tif")), place)
    for scene in (place / "season").iterdir():
        with rasterio.open(scene) as file:
            array = file.read()
        write_raster(scene, array, names=BANDS, nodata=0, scale=0.0001)
    scaled = run(classify(place, class_map=str(place / "b.tif")), place)
    assert (plain.returncode, scaled.returncode) == (0, 0), scaled.stdout
    with rasterio.open(place / "a.tif") as first, rasterio.open(place / "b.tif") as second:
        assert (first.read() == second.read()).all()


@pytest.mark.parametrize("days", [(), ("20240425",), ("20240425", "20240620"), ("20231224", "20240101", "20240118")])
def test_too_few_dates_in_the_models_season(place: Path, days: tuple[str, ...]) -> None:
    scenes = sorted((place / "season").iterdir())
    for scene, day in zip(scenes, (*days, *[""] * 3)):
        scene.rename(scene.with_name(f"new_{day}.tif")) if day else scene.unlink()
    if not days:
        (place / "season" / "readme.txt").write_text("no raster")
    with untouched(place):
        sentence = refusal(run(classify(place, scenes=(SceneSource(str(place / "season")),)), place))
    assert all(f"{day[:4]}-{day[4:6]}-{day[6:]}" in sentence for day in days)
    assert "5 April to 15 May" in sentence or not days


# --- rasters ---------------------------------------------------------------------------------------------------------


def test_a_missing_crs(place: Path) -> None:
    scene = place / "season" / "S2_20240620.tif"
    with rasterio.open(scene) as file:
        array = file.read()
    write_raster(scene, array, names=BANDS, nodata=0, crs=None)
    with untouched(place):
        assert "S2_20240620" in refusal(run(classify(place), place))


def test_layers_that_do_not_overlap(place: Path) -> None:
    scene = place / "season" / "S2_20240620.tif"
    with rasterio.open(scene) as file:
        array = file.read()
    far = rasterio.Affine(10, 0, 600000, 0, -10, 5650000)
    write_raster(scene, array, names=BANDS, nodata=0, transform=far)
    with untouched(place):
        assert "overlap" in refusal(run(classify(place), place))


@pytest.mark.parametrize("kept", [0, 100, 0.5])
def test_a_truncated_geotiff(place: Path, kept: float) -> None:
    scene = place / "season" / "S2_20240620.tif"
    with rasterio.open(scene) as file:
        array = file.read()
    write_raster(scene, array, names=BANDS, nodata=0, compress="deflate", tiled=True, blockxsize=16, blockysize=16)
    whole = scene.read_bytes()
    scene.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else int(kept)])
    with untouched(place):
        assert "S2_20240620" in refusal(run(classify(place), place))


def test_a_corrupt_geotiff(place: Path) -> None:
    scene = place / "season" / "S2_20240620.tif"
    with rasterio.open(scene) as file:
        array = file.read()
    write_raster(scene, array, names=BANDS, nodata=0, compress="deflate")
    whole = bytearray(scene.read_bytes())
    whole[len(whole) // 3 : 2 * len(whole) // 3] = bytes(len(whole) // 3)
    scene.write_bytes(whole)
    with untouched(place):
        assert "S2_20240620" in refusal(run(classify(place), place))


def test_a_layer_that_is_no_file(place: Path) -> None:
    with untouched(place):
        refusal(run(classify(place, scenes=(SceneSource("type=xyz&url=https://tiles.invalid/{z}", "web map"),)), place))


# --- the model -------------------------------------------------------------------------------------------------------


def test_weights_that_are_not_the_cards(place: Path) -> None:
    weights = place / "model" / "model.onnx"
    weights.write_bytes(weights.read_bytes() + b"x")
    with untouched(place):
        assert "sha256" in refusal(run(classify(place), place))


@pytest.mark.parametrize("name", ["model.json", "model.onnx"])
def test_a_model_that_is_not_whole(place: Path, name: str) -> None:
    (place / "model" / name).unlink()
    with untouched(place):
        assert name in refusal(run(classify(place), place))


def test_a_card_that_is_broken(place: Path) -> None:
    (place / "model" / "model.json").write_text("{")
    with untouched(place):
        assert "model" in refusal(run(classify(place), place))


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
    path.write_text(jobs.dump(classify(place)))
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
    assert process.returncode == 130
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
    assert all(f".{process.pid}.part" in name for name in hidden)  # by this name the plugin finds and removes them


# --- the job itself, the terminal, and the other jobs ----------------------------------------------------------------


@pytest.mark.parametrize("job", [{}, {"kind": "bake"}, {"kind": "classify"}, {"kind": "simulate", "folder": 3}])
def test_a_job_that_is_none(place: Path, job: dict[str, Any]) -> None:
    with untouched(place):
        refusal(run(job, place))


@pytest.mark.parametrize(
    "words",
    [
        ["classify", "--series", "{p}/gone", "--model", "{p}/model", "--out", "{p}/map.tif"],
        ["classify", "--series", "{p}/season", "--model", "nobody", "--out", "{p}/map.tif"],
        ["classify", "--series", "{p}/season", "--model", "{p}/model", "--out", "{p}/map.png"],
        ["classify", "--series", "{p}/season", "--model", "{p}/model"],
        ["classify", "--series", "{p}/season", "--model", "{p}/model", "--out", "{p}/map.tif", "--dates", "{p}/gone"],
        ["diagnose", "--map", "{p}/map.tif", "--reference", "{p}/gone.tif", "--out", "{p}/report"],
        ["run", "{p}/gone.json"],
        ["bake"],
    ],
)
def test_the_terminal_gets_one_line_on_standard_error(place: Path, words: list[str]) -> None:
    command = [word.format(p=place) for word in words]
    with untouched(place):
        done = subprocess.run(
            [*ENGINE, *command], capture_output=True, text=True, env=environment(), check=False, cwd=place.parent
        )
    assert done.returncode == 1
    told = done.stdout if words[0] == "run" else done.stderr
    assert len(told.strip().splitlines()) == 1, told
    assert "Traceback" not in done.stderr + done.stdout


def test_a_diagnosis_without_common_ground(place: Path) -> None:
    write_raster(place / "map.tif", np.ones((1, 9, 9), np.uint8))
    write_raster(place / "truth.tif", np.ones((1, 9, 9), np.uint8), transform=rasterio.Affine(10, 0, 0, 0, -10, 0))
    out = {key: str(place / "out" / key) for key in ("agreement", "report_html", "report_json", "report_csv")}
    job = DiagnoseJob(str(place / "map.tif"), str(place / "truth.tif"), str(place / "out"), **out)
    with untouched(place):
        assert "overlap" in refusal(run(job, place))

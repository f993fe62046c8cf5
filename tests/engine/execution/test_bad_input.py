"""Bad input to the engine as a program: exit 1, one sentence, no traceback, no half-written file.

One test a line of what can go wrong. Every run is a process of its own, as QGIS starts it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.shared.jobs.accuracy import DiagnoseJob
from crop_classifier_plugin.shared.jobs.sources import LabelSource, SceneSource
from kits.program import ENGINE, classify, contents, environment, events, make_place, refusal, run, untouched
from kits.rasters import BANDS, write_raster

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_place(tmp_path)


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
    """One among others is left out by name, and then the season lacks it; without any date, each is named."""
    scene = place / "season" / "S2_20240620.tif"
    scene.rename(scene.with_name("summer.tif"))
    with untouched(place):
        done = run(classify(place), place)
        assert "add scenes of that time" in refusal(done)
        assert "summer.tif" in done.stdout
    for number, other in enumerate(sorted((place / "season").glob("S2_*.tif"))):
        other.rename(other.with_name(f"undated{'ab'[number]}.tif"))
    with untouched(place):
        assert "summer" in refusal(run(classify(place), place))


def test_two_images_of_a_date_are_both_read_and_named(place: Path) -> None:
    scene = place / "season" / "S2_20240620.tif"
    (place / "season" / "again_20240620.tif").write_bytes(scene.read_bytes())
    done = run(classify(place), place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(2024-06-20: S2_20240620.tif, then again_20240620.tif)" in done.stdout


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


# --- the job itself, the terminal, and the other jobs ----------------------------------------------------------------


@pytest.mark.parametrize("job", [{}, {"kind": "bake"}, {"kind": "classify"}, {"kind": "simulate_season", "folder": 3}])
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
    job = DiagnoseJob(str(place / "map.tif"), LabelSource(str(place / "truth.tif")), str(place / "out"), **out)
    with untouched(place):
        assert "overlap" in refusal(run(job, place))

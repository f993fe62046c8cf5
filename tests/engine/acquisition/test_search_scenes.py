"""A catalogue searched and its files fetched, against a server of this machine with the faults that servers have."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.acquisition.job import search_scenes
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.operations.composite.job import composite
from crop_classifier_plugin.shared.errors import AccessRefused, BadInput, HostNotAllowed, NetworkFailed
from crop_classifier_plugin.shared.jobs.search_scenes import NetworkAccess, SearchScenesJob
from crop_classifier_plugin.shared.jobs.series import CompositeJob
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource, Series
from kits.catalogue.season import BANDS, CRS, PIXEL, PLACE, fill, values, write
from kits.catalogue.server import Catalogue, served

QUICK = NetworkAccess(timeout=2.0, attempts=3)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("catalogue") / "files"
    return folder, json.dumps(write(folder))


@pytest.fixture
def catalogue(season: tuple[Path, str]) -> Iterator[Catalogue]:
    with served(Catalogue(season[0], json.loads(season[1]), page=2)) as found:
        fill(found)
        yield found


def job(catalogue: Catalogue, **changes: Any) -> SearchScenesJob:
    given = {
        "api": catalogue.address,
        "collections": ("sentinel-2-l2a",),
        "extent": Extent(*PLACE, CRS),
        "first": "2023-04-01",
        "last": "2023-12-31",
        "access": QUICK,
    }
    return SearchScenesJob(**(given | changes))


def window(band: str, number: int) -> np.ndarray:
    """What of a date lies over the place: every pixel that it touches."""
    pixel = 20 if band == "SCL" else 10
    left, top = PLACE[0] - 500_000, 5_650_000 - PLACE[3]
    rows = slice(int(top // pixel), int(-(-(top + PLACE[3] - PLACE[1]) // pixel)))
    return values(band, number)[rows, int(left // pixel) : int(-(-(left + PLACE[2] - PLACE[0]) // pixel))]


def test_every_page_is_read_and_the_cloud_counts(catalogue: Catalogue, tmp_path: Path) -> None:
    table = tmp_path / "scenes.csv"
    result = search_scenes(job(catalogue, table=str(table), max_cloud=50), Silent())
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["date"] for row in rows] == ["2023-04-01", "2023-04-11", "2023-05-01", "2023-05-11"]
    assert [row["layer"] for row in rows] == [row["id"] for row in rows]
    assert [method for method, *_ in catalogue.asked] == ["POST"] * 3
    west, south, east, north = catalogue.bodies[0]["bbox"]
    assert 3 < west < east < 4
    assert 50 < south < north < 52
    assert result["dates"] == [row["date"] for row in rows]
    assert {p.name for p in tmp_path.iterdir()} == {"scenes.csv", "scenes.run.json"}


def test_a_table_is_footprints_or_items_too(catalogue: Catalogue, tmp_path: Path) -> None:
    search_scenes(job(catalogue, table=str(tmp_path / "s.gpkg")), Silent())
    shapes = geopandas.read_file(tmp_path / "s.gpkg")
    assert len(shapes) == 5
    assert shapes.crs.to_epsg() == 4326
    np.testing.assert_allclose(shapes.total_bounds, catalogue.items[0]["bbox"], atol=1e-9)
    search_scenes(job(catalogue, table=str(tmp_path / "s.json")), Silent())
    document = json.loads((tmp_path / "s.json").read_text())
    assert [item["id"] for item in document["features"]] == [item["id"] for item in catalogue.items]


def test_what_lies_over_the_place_is_fetched_and_is_a_series(catalogue: Catalogue, tmp_path: Path) -> None:
    """Pixel by pixel the server's; a composite of the folder is that of the files themselves; few bytes travel."""
    folder = tmp_path / "scenes"
    asked = job(catalogue, folder=str(folder), table=str(tmp_path / "t.csv"))
    result = search_scenes(asked, Silent())
    assert result["files"] == 15
    for number, item in enumerate(catalogue.items):
        for band, size in BANDS.values():
            with rasterio.open(folder / f"{item['id']}_{band}.tif") as file:
                np.testing.assert_array_equal(file.read(1), window(band, number))
                assert file.nodata == 0
                assert file.transform.a == size
                assert file.bounds.left <= PLACE[0] < file.bounds.left + size
    whole = sum((catalogue.files / Path(path).name).stat().st_size for path in catalogue.sent if "files" in path)
    assert sum(catalogue.sent.values()) < 0.6 * whole
    place = Extent(PLACE[0] + 5, PLACE[1] + 5, PLACE[2] - 5, PLACE[3] - 5, CRS)
    made = []
    for source, options in ((folder, {}), (catalogue.files, {"extent": place})):
        out = tmp_path / f"{source.name}.tif"
        series = Series((SceneSource(str(source)),), **{"extent": place} | options)
        composite(CompositeJob(series, stack=str(out), bands=("B04", "B08")), Silent())
        with rasterio.open(out) as file:
            made.append((file.read(), file.transform, file.descriptions))
    np.testing.assert_array_equal(made[0][0], made[1][0])
    assert made[0][1:] == made[1][1:]
    assert not list(folder.glob(".*"))


def test_a_second_run_fetches_nothing_and_another_season_is_added(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = str(tmp_path / "scenes")
    search_scenes(job(catalogue, folder=folder, last="2023-04-11"), Silent())
    catalogue.asked.clear()
    reporter = Silent()
    search_scenes(job(catalogue, folder=folder, last="2023-04-11"), reporter)
    assert {method for method, *_ in catalogue.asked} == {"POST"}
    assert any("6 files were there already" in text for _, text in reporter.lines)
    search_scenes(job(catalogue, folder=folder, first="2023-05-01"), Silent())
    document = json.loads((tmp_path / "scenes" / "search_scenes.json").read_text())
    assert len(document["features"]) == 4
    assert all(asset["href"].startswith("./S2A") for item in document["features"] for asset in item["assets"].values())
    search_scenes(job(catalogue, folder=folder, last="2023-04-11", extent=Extent(*moved(300), CRS)), Silent())
    with rasterio.open(tmp_path / "scenes" / f"{catalogue.items[0]['id']}_B04.tif") as file:
        assert file.bounds.left == PLACE[0] - 5 + 300


def moved(metres: float) -> tuple[float, float, float, float]:
    return PLACE[0] + metres, PLACE[1], PLACE[2] + metres, PLACE[3]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("fault", ["500", "503", "429", "truncate", "hang 3"])
def test_what_goes_better_a_second_time_is_tried_again(
    catalogue: Catalogue, tmp_path: Path, fault: str, whole: bool
) -> None:
    path = f"/files/{catalogue.items[1]['id']}_B08.tif"
    catalogue.faults = {path: [fault, fault], "/search": ["500"]}
    folder = tmp_path / "scenes"
    search_scenes(job(catalogue, folder=str(folder), bands=("B08",), whole=whole), Silent())
    with rasterio.open(folder / Path(path).name) as file:
        expected = values("B08", 1) if whole else window("B08", 1)
        np.testing.assert_array_equal(file.read(1), expected)


def test_a_whole_file_goes_on_where_it_broke_off(catalogue: Catalogue, tmp_path: Path) -> None:
    path = f"/files/{catalogue.items[0]['id']}_B04.tif"
    size = (catalogue.files / Path(path).name).stat().st_size
    catalogue.faults = {path: ["", "truncate", "500", "500"]}
    folder = tmp_path / "scenes"
    asked = job(catalogue, folder=str(folder), bands=("red",), whole=True, last="2023-04-02")
    with pytest.raises(NetworkFailed, match="500"):
        search_scenes(asked, Silent())
    assert (folder / f".{Path(path).stem}.part.tif").stat().st_size >= size // 2 - 65_536
    catalogue.asked.clear()
    search_scenes(asked, Silent())
    assert (folder / Path(path).name).read_bytes() == (catalogue.files / Path(path).name).read_bytes()
    ranges = [asked_range for method, asked_path, asked_range in catalogue.asked if asked_path == path]
    assert any(text.startswith("bytes=") and not text.startswith("bytes=0-") for text in ranges)
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("told", [{"file:size": 17}, {"file:checksum": "1220" + "0" * 64}])
def test_a_file_that_is_not_what_the_catalogue_tells_is_refused(
    catalogue: Catalogue, tmp_path: Path, told: dict[str, Any]
) -> None:
    catalogue.items[0]["assets"]["red"] |= told
    asked = job(catalogue, folder=str(tmp_path / "s"), bands=("red",), whole=True, last="2023-04-02")
    with pytest.raises(NetworkFailed, match="its size or checksum is another"):
        search_scenes(asked, Silent())
    assert not list((tmp_path / "s").glob("*.tif")) if (tmp_path / "s").exists() else True


def test_what_was_fetched_stays_when_a_later_file_fails(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.always = {f"/files/{catalogue.items[4]['id']}_B04.tif": "500"}
    folder = tmp_path / "scenes"
    with pytest.raises(NetworkFailed, match=r"_B04.tif could not be read \(500"):
        search_scenes(job(catalogue, folder=str(folder), table=str(tmp_path / "t.csv"), bands=("B04",)), Silent())
    document = json.loads((folder / "search_scenes.json").read_text())
    assert len(document["features"]) >= 3
    assert not (tmp_path / "t.csv").exists()
    catalogue.always.clear()
    reporter = Silent()
    search_scenes(job(catalogue, folder=str(folder), bands=("B04",)), reporter)
    assert len(json.loads((folder / "search_scenes.json").read_text())["features"]) == 5
    assert any("files were there already" in text for _, text in reporter.lines)


def test_a_file_that_is_gone_is_told_and_the_others_are_fetched(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.always = {f"/files/{catalogue.items[1]['id']}_B04.tif": "404"}
    reporter = Silent()
    result = search_scenes(job(catalogue, folder=str(tmp_path / "s"), bands=("B04",)), reporter)
    assert result["files"] == 4
    (said,) = [text for level, text in reporter.lines if level == "warning"]
    assert said.startswith(f"The catalogue names these, their server has them no more: {catalogue.items[1]['id']}_B04")


def test_a_disk_without_room_is_told_first(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    for whole in (False, True):
        with pytest.raises(BadInput, match=r"The download needs up to .* [KM]iB, the disk of .* has 1,000 bytes free"):
            search_scenes(job(catalogue, folder=str(tmp_path / "s"), whole=whole), Silent())
    assert not (tmp_path / "s").exists()


def test_tokens_and_commands_sign(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.token = "secret"
    with pytest.raises(AccessRefused, match="403"):
        search_scenes(job(catalogue, folder=str(tmp_path / "s"), bands=("B04",)), Silent())
    token = NetworkAccess(token=f"{catalogue.address}/token/{{collection}}", timeout=2, attempts=2)
    search_scenes(job(catalogue, folder=str(tmp_path / "s"), bands=("B04",), access=token), Silent())
    assert ("GET", "/token/sentinel-2-l2a", "") in catalogue.asked
    command = NetworkAccess(sign_command="sed 's/$/?sig=secret/'", timeout=2, attempts=2)
    search_scenes(job(catalogue, folder=str(tmp_path / "t"), bands=("B04",), access=command), Silent())
    for written in tmp_path.rglob("*.json"):
        if not written.name.endswith(".run.json"):
            assert "secret" not in written.read_text()
    broken = NetworkAccess(sign_command="false")
    with pytest.raises(BadInput, match="command that signs addresses failed"):
        search_scenes(job(catalogue, folder=str(tmp_path / "u"), bands=("B04",), access=broken), Silent())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"max_cloud": -1}, "0 to 100 percent"),
        ({"first": ""}, "season is not given"),
        ({"table": "", "folder": ""}, "No output was named"),
        ({"table": "t.xlsx"}, "no kind that is written"),
        ({"collections": ()}, "No collection"),
        ({"api": "catalogue.json"}, "is no address"),
        ({"api": "file:///etc"}, "is no address"),
    ],
)
def test_job_refuses_what_cannot_be_meant(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        job(Catalogue(tmp_path, address="http://x"), **({"table": "t.csv"} | changes))


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"first": "2031-01-01", "last": "2031-02-01"}, BadInput, "has 0 scenes of sentinel-2-l2a"),
        ({"first": "2023-06-01", "last": "2023-05-01"}, BadInput, "exchange them"),
        ({"most": 2}, BadInput, "More than 2 scenes match"),
        ({"bands": ("B99",), "folder": "s"}, BadInput, "No scene has a file of B99"),
        ({"extent": Extent(*PLACE, "EPSG:0")}, BadInput, "EPSG:0"),
        ({"api": "http://127.0.0.1:9/stac"}, NetworkFailed, "127.0.0.1:9/stac/search could not be read"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    catalogue: Catalogue, tmp_path: Path, changes: dict[str, Any], kind: type[Exception], says: str
) -> None:
    places = {key: str(tmp_path / value) for key, value in changes.items() if key in ("folder",)}
    with pytest.raises(kind) as caught:
        search_scenes(job(catalogue, **({"table": str(tmp_path / "t.csv")} | changes | places)), Silent())
    assert says in caught.value.sentence  # type: ignore[attr-defined]
    assert not list(tmp_path.iterdir())


def test_hosts_must_be_given(catalogue: Catalogue, tmp_path: Path) -> None:
    for item in catalogue.items:
        for asset in item["assets"].values():
            asset["href"] = asset["href"].replace("127.0.0.1", "localhost")
    reporter = Silent()
    search_scenes(job(catalogue, table=str(tmp_path / "t.csv")), reporter)
    assert any("The scenes' files lie on localhost" in text for _, text in reporter.lines)
    with pytest.raises(HostNotAllowed, match="lies on localhost, which was not given"):
        search_scenes(job(catalogue, folder=str(tmp_path / "s")), Silent())
    allowed = NetworkAccess(hosts=("localhost",), timeout=2, attempts=2)
    assert search_scenes(job(catalogue, folder=str(tmp_path / "s"), access=allowed), Silent())["files"] == 15
    assert PIXEL == 10

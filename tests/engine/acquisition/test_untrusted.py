"""Items and servers that mean harm: nothing is read but addresses of hosts that were given; nothing lands elsewhere."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crop_classifier_plugin.engine.acquisition.job import search_scenes
from crop_classifier_plugin.engine.acquisition.network import Network, host_of, shown
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.errors import (
    BadInput,
    Cancelled,
    CropClassifierError,
    HostNotAllowed,
    NetworkFailed,
)
from crop_classifier_plugin.shared.jobs.search_scenes import NetworkAccess, SearchScenesJob
from crop_classifier_plugin.shared.jobs.sources import Extent
from kits.catalogue.season import CRS, PLACE, fill, write
from kits.catalogue.server import Catalogue, served

QUICK = NetworkAccess(timeout=2.0, attempts=2)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("catalogue") / "files"
    return folder, json.dumps(write(folder, 2))


@pytest.fixture
def catalogue(season: tuple[Path, str]) -> Iterator[Catalogue]:
    with served(Catalogue(season[0], json.loads(season[1]))) as found:
        fill(found)
        yield found


def job(catalogue: Catalogue, folder: Path, **changes: Any) -> SearchScenesJob:
    given = {
        "api": catalogue.address,
        "collections": ("sentinel-2-l2a",),
        "extent": Extent(*PLACE, CRS),
        "first": "2023-04-01",
        "last": "2023-12-31",
        "folder": str(folder),
        "bands": ("B04",),
        "access": QUICK,
    }
    return SearchScenesJob(**(given | changes))


@pytest.mark.parametrize(
    "href",
    [
        "file:///etc/passwd.tif",
        "/etc/secret.tif",
        "../../secret.tif",
        "./secret.tif",
        "/vsicurl/http://127.0.0.1/x.tif",
        "/vsizip//etc/x.zip/x.tif",
        "s3://bucket/x.tif",
        "ftp://127.0.0.1/x.tif",
        "C:\\secret.tif",
        "\\\\host\\share\\x.tif",
        "http:///x.tif",
        "http://[::1/x.tif",
    ],
)
def test_only_addresses_of_the_web_are_files(catalogue: Catalogue, tmp_path: Path, href: str) -> None:
    catalogue.items[0]["assets"]["red"]["href"] = href
    reporter = Silent()
    result = search_scenes(job(catalogue, tmp_path / "s"), reporter)
    assert result["files"] == 1
    assert any("name no file of the web" in text for level, text in reporter.lines if level == "warning")
    catalogue.items[1]["assets"]["red"]["href"] = href
    with pytest.raises(BadInput, match="No scene has a file of B04 that can be downloaded"):
        search_scenes(job(catalogue, tmp_path / "t"), Silent())


@pytest.mark.parametrize("where", ["http://169.254.169.254/x.tif", "http://127.0.0.1@evil.example/x.tif"])
def test_another_host_is_not_read(catalogue: Catalogue, tmp_path: Path, where: str) -> None:
    catalogue.items[0]["assets"]["red"]["href"] = where
    with pytest.raises(HostNotAllowed, match=r"169\.254|evil\.example"):
        search_scenes(job(catalogue, tmp_path / "s"), Silent())
    assert not any(method == "GET" for method, *_ in catalogue.asked)


@pytest.mark.parametrize("path", ["/search", "file"])
def test_redirects_are_followed_to_given_hosts_only(catalogue: Catalogue, tmp_path: Path, path: str) -> None:
    path = f"/files/{catalogue.items[0]['id']}_B04.tif" if path == "file" else path
    catalogue.always = {path: "302 http://169.254.169.254/latest"}
    with pytest.raises(HostNotAllowed, match=r"169\.254\.169\.254"):
        search_scenes(job(catalogue, tmp_path / "s"), Silent())
    catalogue.always = {path: f"302 {path}"}
    with pytest.raises(NetworkFailed, match="leads from one address to the next"):
        search_scenes(job(catalogue, tmp_path / "t"), Silent())


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a/b", "..", ".hidden", "x" * 400, "con:aux|?", "é", ""])
def test_ids_are_no_paths(catalogue: Catalogue, tmp_path: Path, name: str) -> None:
    for item in catalogue.items:
        item["id"] = name
    catalogue.items[1]["collection"] = "other"
    asked = job(catalogue, tmp_path / "in" / "s", collections=("sentinel-2-l2a", "other"))
    search_scenes(asked, Silent())
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len([path for path in written if path.suffix == ".tif"]) == 2
    assert all(path.parent == tmp_path / "in" / "s" and not path.name.startswith(".") for path in written)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda item: item.pop("assets"),
        lambda item: item.pop("properties"),
        lambda item: item["properties"].update(datetime="yesterday"),
        lambda item: item["properties"].update(datetime=None),
        lambda item: item.update(assets=[1, 2]),
        lambda item: item.update(assets={"red": 5}),
        lambda item: item.update(type="Catalog"),
        lambda item: item.update(links=[5]),
        lambda item: item.update(geometry="everywhere", bbox=[0]),
        lambda item: item["properties"].update({"eo:cloud_cover": "many", "proj:epsg": "none"}),
        lambda item: item["assets"]["red"].update({"raster:bands": 5}),
        lambda item: item["assets"]["red"].update({"href": 5}),
    ],
)
def test_items_that_are_none_end_in_one_sentence_or_are_read(catalogue: Catalogue, tmp_path: Path, spoil: Any) -> None:
    spoiled = json.loads(json.dumps(catalogue.items[0]))
    spoil(spoiled)
    search = Catalogue(catalogue.files)
    with served(search):
        search.items = [spoiled, catalogue.items[1]]
        search.answer_all = True
        with suppress(CropClassifierError):
            search_scenes(job(search, tmp_path / "s", table=str(tmp_path / "t.gpkg")), Silent())


def test_a_vrt_under_the_name_of_a_geotiff_is_not_opened(
    catalogue: Catalogue, tmp_path: Path, season: tuple[Path, str]
) -> None:
    """It would name files of this machine."""
    name = f"{catalogue.items[0]['id']}_VRT.tif"
    (catalogue.files / name).write_text(
        '<VRTDataset rasterXSize="10" rasterYSize="10"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        "<SourceFilename>/etc/passwd</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    catalogue.items[0]["assets"]["red"]["href"] = f"{catalogue.address}/files/{name}"
    with pytest.raises(NetworkFailed, match="no GeoTIFF that can be read"):
        search_scenes(job(catalogue, tmp_path / "s"), Silent())


def test_pages_without_end_are_ended(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.page = 1
    catalogue.endless = True
    with pytest.raises(CropClassifierError):
        search_scenes(job(catalogue, tmp_path / "s", most=5), Silent())


@pytest.mark.parametrize("fault", ["hang 6", "slow 0.3"])
@pytest.mark.parametrize("whole", [False, True])
def test_cancel_ends_it_within_two_seconds(catalogue: Catalogue, tmp_path: Path, fault: str, whole: bool) -> None:
    catalogue.always = {f"/files/{item['id']}_B04.tif": fault for item in catalogue.items}
    reporter, outcome = Silent(), list[BaseException]()
    asked = job(catalogue, tmp_path / "s", whole=whole, access=NetworkAccess(timeout=20, attempts=5))

    def work() -> None:
        try:
            search_scenes(asked, reporter)
        except Cancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(1)
    reporter.stop.set()
    started = time.monotonic()
    thread.join(20)
    assert time.monotonic() - started < 2
    assert outcome


def test_addresses_are_told_without_what_is_secret() -> None:
    assert shown("https://user:pass@h.example:8443/a/b.tif?sig=secret#x") == "https://h.example:8443/a/b.tif"
    assert host_of("HTTPS://H.Example/x") == "h.example"
    assert host_of("javascript:alert(1)") == host_of("//h/x") == host_of("/vsicurl/http://h/x") == ""


def test_hosts_below_a_given_one_need_a_star() -> None:
    network = Network(NetworkAccess(hosts=("*.blob.example", "one.example")), "https://api.example/v1", lambda: None)
    for url in (
        "https://api.example/x",
        "https://one.example/x",
        "http://a.blob.example/x",
        "http://a.b.blob.example/x",
    ):
        assert network.allows(url)
    for url in (
        "https://two.example/x",
        "https://a.one.example",
        "https://blob.example.evil/x",
        "file://one.example/x",
    ):
        assert not network.allows(url)

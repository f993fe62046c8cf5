"""Rasters and vector files are opened by one room alone, under settings that were made before GDAL was loaded."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pyogrio
import rasterio

from crop_classifier_plugin.engine.access import gdal_lock
from crop_classifier_plugin.engine.access.drivers import RASTERS, SKIPPED, VECTORS, VIRTUAL
from kits.paths import REPOSITORY

ENGINE = REPOSITORY / "crop_classifier_plugin" / "engine"
DOORS = {
    "rasterio.open", "DatasetReader", "pyogrio.read_info", "pyogrio.list_layers", "pyogrio.read_dataframe",
    "pyogrio.read_arrow", "pyogrio.open_arrow", "pyogrio.raw.read", "geopandas.read_file", "gdal.Open", "gdal.OpenEx",
    "ogr.Open", "fiona.open", "h5py.File", "CRS.from_user_input", "CRS.from_string", "pyproj.CRS.from_user_input",
}  # fmt: skip
OTHERS = {  # calls that open what the engine wrote itself or read through the engine's own network
    ("acquisition/clip.py", "rasterio.open"),  # bytes that acquisition/network.py fetched, by an opener, as GTiff alone
    ("vector/area.py", "CRS.from_user_input"),  # of pyproj's CRS, no text
    ("vector/geoparquet.py", "pyproj.CRS.from_user_input"),  # of text that access/crs.py has looked at
}


def test_nobody_else_opens_rasters_and_vector_files() -> None:
    found = {(place, name) for place, name in _calls() if not place.startswith("access/")}
    assert found <= OTHERS, sorted(found - OTHERS)


def _calls() -> Iterator[tuple[str, str]]:
    for path in sorted(ENGINE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in DOORS and not _writes(node):
                yield path.relative_to(ENGINE).as_posix(), ast.unparse(node.func)


def _writes(call: ast.Call) -> bool:
    """rasterio.open(path, "w") and "r+": files of the engine's own."""
    return any(isinstance(each, ast.Constant) and each.value in ("w", "r+") for each in call.args[1:2])


def test_only_listed_drivers_are_loaded() -> None:
    """A GDAL that knows a format which is neither allowed nor skipped: add it to one of the lists."""
    with rasterio.Env() as env:
        loaded = {*env.drivers(), *pyogrio.list_drivers()}
    allowed = {*RASTERS, VIRTUAL, *VECTORS, "MEM", "Memory"}
    assert loaded <= allowed, sorted(loaded - allowed)
    assert not allowed & set(SKIPPED)


def test_the_network_is_closed_before_gdal_is_loaded() -> None:
    assert os.environ["GDAL_HTTP_PROXY"] == "refused://"
    assert os.environ["PROJ_NETWORK"] == "OFF"
    assert os.environ["GDAL_VRT_ENABLE_PYTHON"] == os.environ["GDAL_VRT_ENABLE_RAWRASTERBAND"] == "NO"


def test_the_lock_comes_first() -> None:
    """The package's first statement, before any module of it that loads GDAL."""
    body = ast.parse((ENGINE / "__init__.py").read_text(encoding="utf-8")).body
    assert [ast.unparse(each) for each in body[1:]] == ["from .access.gdal_lock import lock", "lock()"]
    assert "import rasterio" not in Path(ENGINE / "access" / "__init__.py").read_text(encoding="utf-8")


PACKAGE = ENGINE.parent
READERS = {
    "json.loads", "json.load", "open", "ET.parse", "zipfile.ZipFile", "tarfile.open", "tomllib.load", "csv.reader",
    "csv.DictReader",
}  # fmt: skip
OWN_TEXTS = {  # files of the program itself, of a run or its set-up; bytes that others counted before
    "assets.py": "help pages of the plugin",
    "shared/choices.py": "a table of the plugin",
    "shared/engine_packages/": "requirement and lock files of the plugin",
    "shared/files/": "the journal of a set of outputs, which knows its own hash",
    "bridge/": "what the engine's process and the set-up say; the plugin's own folders",
    "gui/": "reports that the run just wrote; the project's own entry",
    "algorithms/common/report_pdf.py": "the page that the run just wrote",
    "engine/execution/": "the job as the engine wrote it; /proc",
    "engine/experiments/": "documents and data of the project's own experiments",
    "engine/acquisition/": "pages that network.py counted; parts of files that it fetched",
    "engine/training/loop/checkpoint.py": "the state of the training itself",
    "engine/access/": "the door",
    "shared/texts/bounded.py": "the door",
    "engine/cli/options.py": "rows of a table that was opened by open_text",
    "engine/vector/csv_points.py": "rows of a table that was opened by open_text",
}


def test_texts_of_others_are_read_through_one_door() -> None:
    """shared/texts/bounded.py: no more of a file than it may have."""
    found = {place: name for place, name in _readers() if not place.startswith(tuple(OWN_TEXTS))}
    assert not found


def test_no_exception_of_the_door_is_left_over() -> None:
    places = {place for place, _ in _readers()}
    assert {own for own in OWN_TEXTS if not any(place.startswith(own) for place in places)} == set()


def _readers() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _reads(node):
                yield path.relative_to(PACKAGE).as_posix(), ast.unparse(node.func)


def _reads(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name in READERS:
        return not _writes(call)
    last = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    opens = (
        last == "open" and bool(call.args) and isinstance(call.args[0], ast.Constant) and "r" in str(call.args[0].value)
    )
    return last in ("read_text", "read_bytes") or opens


def test_a_note_that_is_no_text_is_passed_over_and_nothing_else() -> None:
    """GDAL's own notes quote files: rasterio cannot log them, and would print a traceback beside the sentence."""
    said: list[str] = []
    no_text = UnicodeDecodeError("utf-8", b"\x9d", 0, 1, "invalid start byte")
    for error, place in ((no_text, "rasterio._env.log_error"), (no_text, "elsewhere"), (ValueError(), "log_error")):
        gdal_lock._pass_over(lambda what: said.append(what.object), SimpleNamespace(exc_value=error, object=place))
    assert said == ["elsewhere", "log_error"]

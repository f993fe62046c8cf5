"""Time axes of netCDF and Zarr cubes: CF's numbers as dates, and cubes whose variables are the bands."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.products import time_axis
from crop_classifier_plugin.engine.raster.band_ref import short_name, split_name
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.errors import BadInput, BadRaster, BandTwice, DriverMissing
from crop_classifier_plugin.shared.jobs.sources import DateEntry, SceneSource, Series
from kits.cubes import Variable, write_array, write_netcdf, write_zarr
from kits.paths import DATA
from kits.rasters import write_raster

UNITS = {"days": "D", "hours": "h", "minutes": "m", "seconds": "s", "milliseconds": "ms"}
CUBE = {"B04": np.stack([np.full((6, 8), 500 + 100 * k, np.int16) for k in (0, 1)])}
CUBE["B08"] = CUBE["B04"] + np.int16(2500)
VARIABLES = {name: Variable(values) for name, values in CUBE.items()}
SINCE_1990 = "days since 1990-01-01"
TIMES = (10702, 10712)  # 2019-04-21 and 2019-05-01
WRITERS = {".nc": write_netcdf, ".zarr": write_zarr}
REAL = DATA / "belgium_s1s2_monthly" / "worldcereal_preprocessed_inputs.nc"


@given(
    st.datetimes(dt.datetime(1972, 1, 1), dt.datetime(2099, 12, 31)),
    st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2020, 1, 1)),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["standard", "gregorian", "proleptic_gregorian", ""]),
)
def test_numbers_since_a_day_are_numpys_dates(
    moment: dt.datetime, since: dt.datetime, unit: str, calendar: str
) -> None:
    since = since.replace(microsecond=0)
    steps = (np.datetime64(moment.replace(microsecond=0)) - np.datetime64(since)).astype(f"timedelta64[{UNITS[unit]}]")
    expected = (np.datetime64(since) + steps).astype("datetime64[D]").item()
    band = {"NETCDF_DIM_t": str(int(steps.astype(int)))}
    file = {"t#units": f"{unit} since {since:%Y-%m-%d %H:%M:%S}", "t#calendar": calendar}
    assert time_axis.date_of(band, file, "cube.nc") == expected


@given(st.dates(dt.date(1972, 1, 1), dt.date(2099, 12, 31)), st.floats(0, 0.9999))
def test_fractions_of_a_day_are_of_that_day(day: dt.date, fraction: float) -> None:
    value = (day - dt.date(1990, 1, 1)).days + fraction
    assert time_axis.date_of({"DIM_time_VALUE": str(value), "DIM_time_UNIT": SINCE_1990}, {}, "cube.zarr") == day


@pytest.mark.parametrize(
    ("units", "value", "calendar", "words"),
    [
        (SINCE_1990, "10702", "360_day", "calendar '360_day', whose days are no dates"),
        (SINCE_1990, "10702", "noleap", "'noleap'"),
        ("months since 1990-01-01", "351", "", "no number of days or hours"),
        ("days since the flood", "351", "", "no number of days or hours"),
        ("days since 0001-01-01", "737000", "standard", "before the calendar of today"),
        (SINCE_1990, "1e12", "", "which is no date"),
        (SINCE_1990, "nan", "", "which is no date"),
    ],
)
def test_what_is_no_date_is_refused_in_one_sentence(units: str, value: str, calendar: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        time_axis.date_of({"NETCDF_DIM_t": value}, {"t#units": units, "t#calendar": calendar}, "cube.nc")
    assert str(caught.value).startswith("The time axis t of cube.nc")
    assert "table of dates" in str(caught.value)


def test_axes_that_are_not_of_time_tell_nothing() -> None:
    assert time_axis.date_of({"NETCDF_DIM_level": "20190421"}, {"level#units": "hPa"}, "c.nc") is None
    assert time_axis.date_of({"NETCDF_DIM_time": "20190421"}, {}, "c.nc") == dt.date(2019, 4, 21)
    assert time_axis.date_of({"NETCDF_DIM_t": "20190421.5"}, {"t#units": "day as %Y%m%d.%f"}, "c") == dt.date(
        2019, 4, 21
    )


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_the_variables_of_a_cube_are_bands_of_its_dates(tmp_path: Path, ending: str) -> None:
    path = WRITERS[ending](tmp_path / f"cube{ending}", VARIABLES, TIMES, SINCE_1990)
    for source in (path, tmp_path):
        found = read_scenes([SceneSource(str(source))], Silent())
        assert [(str(s.date), s.bands) for s in found] == [
            ("2019-04-21", ("B04", "B08")),
            ("2019-05-01", ("B04", "B08")),
        ]
        assert {ref.crs.to_epsg() for scene in found for ref in scene.refs} == {32631}
    with open_series(Series((SceneSource(str(path)),)), Silent()) as stack:
        read = stack.read(next(iter(stack.grid.blocks(64))))
    assert np.array_equal(read, np.stack([CUBE["B04"], CUBE["B08"]], axis=1))


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_a_calendar_of_360_days_is_refused(tmp_path: Path, ending: str) -> None:
    path = WRITERS[ending](tmp_path / f"cube{ending}", VARIABLES, TIMES, SINCE_1990, calendar="360_day")
    with pytest.raises(BadInput, match=f"time axis t of cube{ending}:B0.* '360_day'"):
        read_scenes([SceneSource(str(path))], Silent())
    rows = [DateEntry(f"cube{ending}", day, band) for band, day in ((1, "2019-04-21"), (2, "2019-05-01"))]
    assert [str(s.date) for s in read_scenes([SceneSource(str(path))], Silent(), rows)] == ["2019-04-21", "2019-05-01"]


def test_a_cube_of_one_variable_is_named_after_it(tmp_path: Path) -> None:
    path = write_netcdf(tmp_path / "openEO.nc", {"B04": VARIABLES["B04"]}, TIMES, SINCE_1990)
    found = read_scenes([SceneSource(str(path))], Silent())
    assert [(str(s.date), s.bands) for s in found] == [("2019-04-21", ("B04",)), ("2019-05-01", ("B04",))]


def test_variables_that_are_no_bands_are_named_or_told_by_the_table(tmp_path: Path) -> None:
    path = write_netcdf(
        tmp_path / "cube.nc", {"first": VARIABLES["B04"], "second": VARIABLES["B08"]}, TIMES, SINCE_1990
    )
    with pytest.raises(BadInput, match=r"cube\.nc has the name of a band .*first.*second"):
        read_scenes([SceneSource(str(path))], Silent())
    found = read_scenes([SceneSource(str(path))], Silent(), [DateEntry("cube.nc:first", "", 0, "B04")])
    assert [(str(s.date), s.bands) for s in found] == [("2019-04-21", ("B04",)), ("2019-05-01", ("B04",))]
    write_raster(tmp_path / "S2_20190421.tif", np.ones((1, 6, 8), np.uint16), names=("B02",))
    reporter = Silent()
    assert [s.bands for s in read_scenes([SceneSource(str(tmp_path))], reporter)] == [("B02",)]
    assert any("cube.nc is left out" in text for level, text in reporter.lines if level == "warning")


@pytest.mark.parametrize(
    ("name", "driver"), [("c.nc", "netCDF"), ("c.h5", "HDF5"), ("c.hdf", "HDF4"), ("c.zarr", "Zarr")]
)
def test_a_driver_that_is_lacking_is_named(
    tmp_path: Path, name: str, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.mkdir() if name.endswith(".zarr") else path.write_bytes(b"nothing that a driver knows")
    monkeypatch.setattr(rasterio.Env, "drivers", lambda _: {})
    with pytest.raises(DriverMissing, match=driver):
        read_scenes([SceneSource(str(path))], Silent())


@pytest.mark.parametrize(
    ("path", "file", "inside", "short"),
    [
        ('NETCDF:"/d/cube.nc":B04', "/d/cube.nc", "B04", "cube.nc:B04"),
        ("netcdf:/d/cube.nc:S2-L2A-B02", "/d/cube.nc", "S2-L2A-B02", "cube.nc:S2-L2A-B02"),
        ('HDF4_EOS:EOS_GRID:"/d/M.hdf":Grid:b01', "/d/M.hdf", "Grid:b01", "M.hdf:Grid:b01"),
        ('HDF5:"C:\\d\\V.h5"://HDFEOS/GRIDS/b', "C:\\d\\V.h5", "HDFEOS/GRIDS/b", None),
        ('ZARR:"/d/c.zarr":/B04', "/d/c.zarr", "B04", "c.zarr:B04"),
        ("/d/a.tif", "/d/a.tif", "", "a.tif"),
        ("C:\\d\\a.tif", "C:\\d\\a.tif", "", None),
        ("/vsizip//d/a.zip/B04.tif", "/vsizip//d/a.zip/B04.tif", "", "B04.tif"),
    ],
)
def test_gdals_names_of_rasters_in_files_are_taken_apart(path: str, file: str, inside: str, short: str | None) -> None:
    assert split_name(path) == (file, inside)
    assert short is None or short_name(path) == short


@pytest.mark.skipif(not REAL.exists(), reason="the real openEO cube is not at hand")
def test_a_real_cube_of_openeo_is_read() -> None:
    found = read_scenes([SceneSource(str(REAL))], Silent())
    assert [str(s.date) for s in found] == [f"202{0 + (m > 12)}-{(m - 1) % 12 + 1:02}-01" for m in range(11, 23)]
    assert {"B02", "B08", "VV", "VH"} <= set(found[0].bands)
    sensors = {ref.band: ref.origin.sensor for ref in found[0].refs}
    assert (sensors["B02"], sensors["VV"]) == ("Sentinel-2", "Sentinel-1")  # as S2-L2A-B02 and S1-SIGMA0-VV tell


@pytest.mark.parametrize("kind", ["<U3", "|S3"])
def test_an_axis_of_bands_names_them(tmp_path: Path, kind: str) -> None:
    """As xarray writes an array of (t, bands, y, x); GDAL does not tell such names of netCDF: there the table does."""
    values = np.arange(2 * 3 * 6 * 8, dtype=np.int16).reshape(2, 3, 6, 8)
    path = write_zarr(tmp_path / "cube.zarr", {"none": Variable(np.zeros((2, 6, 8)))}, TIMES, SINCE_1990)
    write_array(path / "bands", np.array(["B02", "B04", "B08"], kind), ["bands"], {})
    write_array(
        path / "data",
        values,
        ["t", "bands", "y", "x"],
        {"_CRS": {"url": "http://www.opengis.net/def/crs/EPSG/0/32631"}},
    )
    found = read_scenes([SceneSource(str(path))], Silent())
    assert [(str(s.date), s.bands) for s in found] == [
        (day, ("B02", "B04", "B08")) for day in ("2019-04-21", "2019-05-01")
    ]
    rows = [DateEntry("cube.zarr:data", "", band, "red" if band % 2 else "NIR") for band in (1, 2, 4, 5)]
    with pytest.raises(BandTwice):
        read_scenes([SceneSource(str(path))], Silent(), [*rows, DateEntry("cube:data", "", 3, "red")])


def test_a_cube_in_a_stac_item_keeps_its_own_dates(tmp_path: Path) -> None:
    """The item's one date does not stand for the steps of its time axis."""
    write_netcdf(tmp_path / "openEO.nc", VARIABLES, TIMES, SINCE_1990)
    write_netcdf(tmp_path / "one.nc", {"B04": VARIABLES["B04"]}, TIMES, SINCE_1990)
    write_zarr(tmp_path / "cube.zarr", VARIABLES, TIMES, SINCE_1990)
    for name, band in (("openEO.nc", ("B04", "B08")), ("one.nc", ("B04",)), ("cube.zarr", ("B04", "B08"))):
        asset = {"href": f"./{name}", "eo:bands": [{"name": b} for b in band] if name.endswith(".nc") else []}
        item = {
            "type": "Feature", "stac_version": "1.0.0", "id": "x", "geometry": None, "links": [],
            "properties": {"datetime": "2019-06-30T00:00:00Z"}, "assets": {"cube": asset},
        }  # fmt: skip
        (tmp_path / "item.json").write_text(json.dumps(item))
        found = read_scenes([SceneSource(str(tmp_path / "item.json"))], Silent())
        assert [(str(s.date), s.bands) for s in found] == [("2019-04-21", band), ("2019-05-01", band)]


def test_one_date_of_a_layer_does_not_stand_for_the_steps_of_a_cube(tmp_path: Path) -> None:
    path = write_netcdf(tmp_path / "cube.nc", {"B04": VARIABLES["B04"]}, TIMES, SINCE_1990)
    for told, days in (
        (("2020-01-01",), ["2019-04-21", "2019-05-01"]),
        (("2020-01-01", ""), ["2019-05-01", "2020-01-01"]),
    ):
        assert [str(s.date) for s in read_scenes([SceneSource(str(path), "x", told)], Silent())] == days


def test_a_cube_without_a_raster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cube.zarr").mkdir()
    (tmp_path / "cube.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    with pytest.raises(BadRaster, match=r"cube\.zarr"):
        read_scenes([SceneSource(str(tmp_path / "cube.zarr"))], Silent())

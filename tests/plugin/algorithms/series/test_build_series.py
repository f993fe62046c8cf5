"""A series built in QGIS: its table, its bands' times, and what the Temporal Controller then shows."""

import os
import shutil
from pathlib import Path

import pytest
from qgis.core import (
    Qgis,
    QgsDateTimeRange,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime

from crop_classifier_plugin.bridge import layers
from kits.plugin.qgis import run


def moment(day, hour=12):
    return QDateTime(QDate.fromString(day, "yyyy-MM-dd"), QTime(hour, 0), Qt.TimeSpec.UTC)


def dates_of(season):
    return sorted({f"{p[-12:-8]}-{p[-8:-6]}-{p[-6:-4]}" for p in (Path(s).name for s in season["SCENES"])})


def shown_band(layer, day):
    """The band that QGIS draws on a day."""
    hour = QgsDateTimeRange(moment(day, 10), moment(day, 11))
    return layer.temporalProperties().bandForTemporalRange(layer, hour)


def opened(path):
    """A layer as QGIS's window opens it: it loads the style beside the file once the layer is made."""
    layer = QgsRasterLayer(str(path))
    assert layer.loadDefaultStyle()[1]
    return layer


def check_times(path, dates, bands):
    """Every band has its date, in a layer that is merely opened; each date's first band is drawn on its day."""
    layer = opened(path)
    times = layer.temporalProperties()
    assert times.isActive()
    assert times.mode() == Qgis.RasterTemporalMode.FixedRangePerBand
    assert sorted(times.fixedRangePerBand()) == list(range(1, layer.bandCount() + 1))
    assert layer.bandCount() == len(dates) * bands
    names = {band: layer.dataProvider().bandDescription(band) for band in range(1, layer.bandCount() + 1)}
    for day in dates:
        assert shown_band(layer, day) == min(band for band, name in names.items() if day in name)
    told = layers.scenes([layer], None)[0].dates
    assert sorted(set(told)) == dates
    return layer


@pytest.fixture(scope="module")
def built(season, tmp_path_factory):
    from qgis.core import QgsProcessingContext

    from kits.plugin.qgis import plugged_in

    plugin = plugged_in()
    folder = tmp_path_factory.mktemp("built")
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    asked = {"OUTPUT": str(folder / "s.tif"), "TABLE": str(folder / "t.csv")}
    results = run("build_series", {"INPUT": season["SCENES"], "BANDS": "B08 B04", **asked}, context)
    loaded = dict(context.layersToLoadOnCompletion())
    plugin.unload()
    assert results == asked
    assert asked["TABLE"] in loaded
    return asked


def test_each_band_has_its_time(built, season):
    layer = check_times(built["OUTPUT"], dates_of(season), 2)
    assert layer.renderer().type() == "singlebandpseudocolor"
    assert "B08" in layer.dataProvider().bandDescription(1)


def test_the_file_is_cloud_optimised_by_gdals_own_check(built):
    check = pytest.importorskip("osgeo_utils.samples.validate_cloud_optimized_geotiff")
    warnings, errors, _ = check.validate(built["OUTPUT"], full_check=True)
    assert (warnings, errors) == ([], [])


def test_the_table_opens_as_a_table(built, season):
    table = QgsVectorLayer(built["TABLE"], "t", "ogr")
    assert table.isValid()
    assert [f.name() for f in table.fields()][:4] == ["layer", "band", "date", "name"]
    rows = list(table.getFeatures())
    assert {str(r["name"]) for r in rows} == {"B08", "B04", "SCL"}
    assert len({str(r["date"]) for r in rows} | set()) == len(dates_of(season))


def test_only_the_table(provider, season, context, tmp_path):
    inputs = {"INPUT": season["SCENES"], "ONLY_TABLE": True, "OUTPUT": str(tmp_path / "s.tif")}
    results = run("build_series", inputs, context)
    assert set(results) == {"TABLE"}
    assert Path(results["TABLE"]).is_file()
    assert list(tmp_path.iterdir()) == []


def test_a_light_series(provider, season, context, tmp_path):
    ten = [p for p in season["SCENES"] if "10m" in p]
    vrt = str(tmp_path / "light.vrt")
    results = run("build_series", {"INPUT": ten, "VRT": vrt, "BANDS": "B04 B08"}, context)
    assert results["VRT"] == vrt
    check_times(vrt, dates_of(season), 2)


def test_a_grid_of_ones_own_and_its_refusal(provider, season, context, tmp_path):
    inputs = {"INPUT": season["SCENES"], "BANDS": "B04", "OUTPUT": str(tmp_path / "s.tif")}
    run("build_series", inputs | {"RESOLUTION": 20}, context)
    assert QgsRasterLayer(inputs["OUTPUT"]).rasterUnitsPerPixelX() == 20
    run("build_series", inputs | {"REFERENCE": season["SCENES"][0]}, context)
    assert QgsRasterLayer(inputs["OUTPUT"]).extent() == QgsRasterLayer(season["SCENES"][0]).extent()
    with pytest.raises(QgsProcessingException, match="counts in degrees"):
        run("build_series", inputs | {"RESOLUTION": 10, "CRS": "EPSG:4326"}, context)


def test_filled_aligned_composited_series_and_indices_have_their_times(provider, season, context, tmp_path):
    dates = dates_of(season)
    out = {"OUTPUT": str(tmp_path / "o.tif")}
    run("fill_gaps", {"INPUT": season["SCENES"], "BANDS": "B04 B08", "METHOD": 0, **out}, context)
    check_times(out["OUTPUT"], dates, 2)
    run("index", {"INPUT": season["SCENES"], "INDICES": ["NDVI"], **out}, context)
    check_times(out["OUTPUT"], dates, 1)
    aligned = {"TRAINING_OUTPUT": str(tmp_path / "t.tif"), "PREDICTION_OUTPUT": str(tmp_path / "p.tif")}
    both = {"TRAINING": season["SCENES"], "PREDICTION": season["SCENES"], "TABLE": str(tmp_path / "d.csv")}
    run("align_series", {**both, "BANDS": "B04", "COUNT": 2, **aligned}, context)
    check_times(aligned["TRAINING_OUTPUT"], dates[-2:], 1)
    check_times(aligned["PREDICTION_OUTPUT"], dates[-2:], 1)
    stack = {"STACK": str(tmp_path / "c.tif"), "FOLDER": str(tmp_path / "c")}
    files = run("composite", {"INPUT": season["SCENES"], "BANDS": "B04", "EMPTY": 1, **stack}, context)["COMPOSITES"]
    middles = [f"{p[-12:-8]}-{p[-8:-6]}-{p[-6:-4]}" for p in files]
    check_times(stack["STACK"], middles, 1)
    for path, day in zip(files, middles):
        layer = opened(path)
        times = layer.temporalProperties()
        assert times.isActive()
        assert times.fixedRangePerBand()[1].contains(moment(day))


def test_the_style_travels_with_the_file(built, season, tmp_path):
    """A copy of the file and its .qml, opened elsewhere, plays too."""
    for ending in (".tif", ".qml"):
        shutil.copy(os.path.splitext(built["OUTPUT"])[0] + ending, tmp_path / f"copy{ending}")
    check_times(tmp_path / "copy.tif", dates_of(season), 2)

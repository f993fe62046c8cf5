"""However QGIS has the scenes, the map is the same: layers with dates, a folder, a netCDF file and its layers."""

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr
from qgis.core import QgsDateTimeRange, QgsProcessingException, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QDateTime, QTime

from crop_classifier_plugin.bridge import layers
from kits.plugin.qgis import Recorder, run, values


def day_of(path):
    return QDateTime.fromString(Path(path).stem[-8:], "yyyyMMdd")


def dated_layers(season, place):
    """Layers in the project whose names and files tell no date: their temporal properties do."""
    found = []
    for number, path in enumerate(season["SCENES"]):
        link = place / f"scene_{'abcdefgh'[number]}.tif"
        link.symlink_to(path)
        layer = QgsRasterLayer(str(link), f"my layer {'abcdefgh'[number]}")
        end = QDateTime(day_of(path).date(), QTime(23, 59))
        layer.temporalProperties().setIsActive(True)
        layer.temporalProperties().setFixedTemporalRange(QgsDateTimeRange(day_of(path), end))
        QgsProject.instance().addMapLayer(layer)
        found.append(layer)
    return {"INPUT": found[::-1]}


def folder(season, place):
    return {"INPUT_FOLDER": season["FOLDER"]}


def written_cubes(season, place):
    """The scenes of each resolution as one netCDF, as openEO writes it: a variable a band, a time axis t."""
    for resolution in ("10m", "20m"):
        paths = sorted(p for p in season["SCENES"] if resolution in p)
        scenes = [gdal.Open(p) for p in paths]
        cube = np.stack([scene.ReadAsArray() for scene in scenes])  # (T, C, H, W)
        names = [scenes[0].GetRasterBand(b).GetDescription() for b in range(1, cube.shape[1] + 1)]
        start = QDateTime.fromString("19900101", "yyyyMMdd")
        axes = {"t": [float(start.daysTo(day_of(p))) for p in paths], **axes_of(scenes[0])}
        write_cube(place / f"season_{resolution}.nc", names, cube, axes)
    return sorted(place.glob("season_*.nc"))


def axes_of(scene):
    x, px, _, y, _, py = scene.GetGeoTransform()
    return {
        "y": y + py * (np.arange(scene.RasterYSize) + 0.5),
        "x": x + px * (np.arange(scene.RasterXSize) + 0.5),
    }


def write_cube(path, names, cube, axes):
    told = {
        "t": {"units": "days since 1990-01-01", "standard_name": "time"},
        "y": {"units": "m", "standard_name": "projection_y_coordinate"},
        "x": {"units": "m", "standard_name": "projection_x_coordinate"},
    }
    types = {"t": "TEMPORAL", "y": "HORIZONTAL_Y", "x": "HORIZONTAL_X"}
    text, double = gdal.ExtendedDataType.CreateString(), gdal.ExtendedDataType.Create(gdal.GDT_Float64)
    utm = osr.SpatialReference()
    utm.ImportFromEPSG(32631)
    dataset = gdal.GetDriverByName("netCDF").CreateMultiDimensional(str(path))
    root = dataset.GetRootGroup()
    dimensions = [root.CreateDimension(name, types[name], "", len(axis)) for name, axis in axes.items()]
    for dimension, (name, axis) in zip(dimensions, axes.items()):
        array = root.CreateMDArray(name, [dimension], double)
        array.Write(np.asarray(axis, float))
        for key, value in told[name].items():
            array.CreateAttribute(key, [], text).WriteString(value)
    for number, name in enumerate(names):
        array = root.CreateMDArray(name, dimensions, gdal.ExtendedDataType.Create(gdal.GDT_UInt16))
        array.SetSpatialRef(utm)
        array.SetNoDataValueDouble(0)
        if name != "SCL":
            array.SetScale(1e-4)
        array.Write(np.ascontiguousarray(cube[:, number]))
    del array, dimensions, root, dataset


def netcdf_files(season, place):
    return {"INPUT": [str(path) for path in written_cubes(season, place)]}


def netcdf_layers(season, place):
    """As QGIS opens them: a layer a variable."""
    found = []
    for path in written_cubes(season, place):
        for uri, _ in gdal.Open(str(path)).GetSubDatasets():
            layer = QgsRasterLayer(uri, f"{path.stem} {uri.rpartition(':')[2]}")
            assert layer.isValid()
            QgsProject.instance().addMapLayer(layer)
            found.append(layer)
    return {"INPUT": found}


@pytest.mark.parametrize("way", [dated_layers, folder, netcdf_files, netcdf_layers])
def test_the_map_is_the_same_to_the_pixel(inputs, season, crop_map, context, tmp_path, way):
    rest = {name: value for name, value in inputs.items() if name != "INPUT"}
    run("classify_lrtacf_net", {**rest, **way(season, tmp_path)}, context)
    assert values(inputs["OUTPUT"]) == values(crop_map)


def test_a_cube_is_left_to_the_engine(season, context, tmp_path):
    path = written_cubes(season, tmp_path)[0]
    (found,) = layers.scenes(str(path), context)
    assert (found.path, found.name) == (str(path), "")


def test_a_layer_without_a_date_is_left_out_among_dated_ones(inputs, season, crop_map, context, tmp_path):
    feedback = Recorder()
    bare = tmp_path / "truth.tif"
    bare.symlink_to(season["TRUTH"])
    run("classify_lrtacf_net", {**inputs, "INPUT": [str(bare), *inputs["INPUT"]]}, context, feedback)
    assert values(inputs["OUTPUT"]) == values(crop_map)
    assert any("truth is left out: no acquisition date was found" in text for text in feedback.warnings)


def test_a_table_that_cannot_be_meant_is_refused_before_the_run(inputs, context, tmp_path):
    table = tmp_path / "dates.csv"
    table.write_text("layer,date,bnad\na,2024-05-01,1\n")
    with pytest.raises(QgsProcessingException, match="column 'bnad', which is unknown"):
        run("classify_lrtacf_net", {**inputs, "DATES": str(table)}, context)

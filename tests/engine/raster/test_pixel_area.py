"""Hectares stand in the attribute table of every class raster, and are those of the ellipsoid."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.outputs import Outputs
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.pixel_area import PixelAreas, hectares
from crop_classifier_plugin.engine.raster.sidecars import rows_of, write_class_sidecars
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter
from kits.diagnosis import LEGEND

LOCAL = 'ENGCRS["site",EDATUM["here"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'


def table_of(tmp_path, grid, values):
    path = tmp_path / "map.tif"
    with Outputs() as out:
        with RasterWriter(out.path(path), grid, RasterSpec.classes(LEGEND, "crop")) as writer:
            for window in grid.blocks(300):
                writer.write(values[window.slices], window)
        write_class_sidecars(out, path, rows_of(LEGEND, writer.counts.tolist(), writer.hectares.tolist()))
    root = ET.parse(tmp_path / "map.tif.aux.xml").find("PAMRasterBand/GDALRasterAttributeTable")
    names = [field.findtext("Name") for field in root.findall("FieldDefn")]
    return [dict(zip(names, (cell.text for cell in row.findall("F")))) for row in root.findall("Row")]


@pytest.mark.parametrize(("epsg", "pixel"), [(32631, 10.0), (4326, 0.0001), (3857, 10.0)])
def test_the_attribute_table_tells_hectares(tmp_path, epsg: int, pixel: float) -> None:
    x, y = {32631: (6e5, 5.6e6), 4326: (3.0, 50.5), 3857: (3.3e5, 6.5e6)}[epsg]
    grid = Grid(CRS.from_epsg(epsg), Affine(pixel, 0, x, 0, -pixel, y), 700, 900)
    values = np.random.default_rng(0).choice([0, 1, 2, 4], (700, 900)).astype(np.uint8)
    rows = table_of(tmp_path, grid, values)
    told = {int(row["Value"]): float(row["Hectares by pixel counting"]) for row in rows}
    assert told[7] == 0
    for code in (1, 2, 4):
        assert told[code] == pytest.approx((values == code).mean() * hectares(grid), rel=3e-4)


def test_a_local_system_has_no_hectares_and_still_a_table(tmp_path) -> None:
    grid = Grid(CRS.from_wkt(LOCAL), Affine(10, 0, 0, 0, -10, 0), 20, 30)
    rows = table_of(tmp_path, grid, np.ones((20, 30), np.uint8))
    assert rows[0]["Count"] == "600"
    assert "Hectares by pixel counting" not in rows[0]
    assert np.isnan(PixelAreas(grid).of(Window(0, 0, 5, 5)))

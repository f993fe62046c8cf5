"""Hectares stand in the attribute table of every class raster, and are those of the ellipsoid."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
import shapely
import shapely.affinity
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS as ProjCRS
from pyproj import Geod, Transformer
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.outputs import Outputs
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.pixel_area import PixelAreas, hectares, hectares_of_shapes
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


PLACES = {32631: (6e5, 5.6e6, 1.0), 4326: (3.0, 50.5, 1e-5), 3857: (3.3e5, 6.5e6, 1.5), 3035: (4e6, 3e6, 1.0)}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from(sorted(PLACES)), st.sampled_from([30, 300, 3000, 30_000]))
def test_hectares_of_polygons_are_those_between_geodesics(seed: int, epsg: int, metres: float) -> None:
    """Of whatever size and however far apart their parts: with points so close that what joins them is a geodesic."""
    x, y, unit = PLACES[epsg]
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, (9, 8)), axis=1)
    corners = np.stack([np.cos(angles), np.sin(angles)], -1) * metres * unit * rng.uniform(0.5, 1, (9, 8, 1))
    shapes = shapely.convex_hull(shapely.polygons(corners + rng.uniform(0, 50_000 * unit, (9, 1, 2)) + (x, y)))
    holed = shapes[0] - shapely.affinity.scale(shapes[0], 0.3, 0.3)
    shapes = np.array([holed, shapely.MultiPolygon([shapes[1], shapely.affinity.translate(shapes[1], 1e5 * unit)])])
    found = hectares_of_shapes(shapes, CRS.from_epsg(epsg).to_wkt())
    to_earth = Transformer.from_crs(ProjCRS(epsg), 4326, always_xy=True)
    dense = shapely.segmentize(shapes, metres * unit / 50)
    on_earth = [shapely.transform(shape, lambda xy: np.column_stack(to_earth.transform(*xy.T))) for shape in dense]
    areas = [abs(Geod(ellps="WGS84").geometry_area_perimeter(shape)[0]) / 1e4 for shape in on_earth]
    assert found == pytest.approx(areas, rel=2e-5)


def test_polygons_strewn_over_the_earth_have_their_areas() -> None:
    lon = np.arange(-179, 178, 7.0)
    shapes = shapely.box(lon, lon / 2.2, lon + 0.01, lon / 2.2 + 0.01)
    areas = [abs(Geod(ellps="WGS84").geometry_area_perimeter(shape)[0]) / 1e4 for shape in shapes]
    assert hectares_of_shapes(shapes, CRS.from_epsg(4326).to_wkt()) == pytest.approx(areas, rel=1e-5)


@pytest.mark.parametrize(
    ("epsg", "pixel", "x", "y"), [(32631, 10, 3e5, 5.7e6), (4326, 0.0001, 3, 50.5), (3035, 60, 4e6, 3e6)]
)
def test_pixels_have_their_share_of_the_block(epsg: int, pixel: float, x: float, y: float) -> None:
    grid = Grid(CRS.from_epsg(epsg), Affine(pixel, 0, x, 0, -pixel, y), 1100, 700)
    for window in grid.blocks(512):
        area = hectares(grid.sub(window)) / (window.height * window.width)
        assert PixelAreas(grid).of(window) == pytest.approx(area, rel=1e-6)

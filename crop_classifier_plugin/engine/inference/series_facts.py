"""What a series that is to be mapped tells of itself: what its model's card is held against."""

from __future__ import annotations

from ...shared.cards.applicability import SeriesFacts
from ..products.encodings import sensors_of
from ..raster.geodesy import degrees_of, ground_pixel
from ..raster.grid import Grid
from ..series.cube.model_series import ModelSeries


def facts_of(series: ModelSeries, grid: Grid) -> SeriesFacts:
    """Of the scenes in use and the grid of the map; no pixel is read."""
    scenes = [layer.scene for layer in series.layers]
    return SeriesFacts(
        bbox=degrees_of(grid.crs, grid.bounds),
        dates=tuple(sorted({scene.date for scene in scenes})),
        sensors=sensors_of(ref.path for scene in scenes for ref in scene.refs if ref.band in series.bands),
        pixel=ground_pixel(grid.crs, grid.transform, grid.height, grid.width),
        simulated=series.simulated,
        lacking=tuple(band for sensor in series.sensors if not sensor.stack.layers for band in sensor.bands),
    )

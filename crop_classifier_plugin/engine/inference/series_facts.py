"""What a series that is to be mapped tells of itself: what its model's card is held against."""

from __future__ import annotations

from ...shared.cards.applicability import SeriesFacts
from ..raster.geodesy import degrees_of, ground_pixel
from ..raster.grid import Grid
from ..series.cube.model_series import ModelSeries


def facts_of(series: ModelSeries, grid: Grid) -> SeriesFacts:
    """Of the scenes in use and the grid of the map; no pixel is read."""
    scenes = [layer.scene for layer in series.layers]
    origins = [origin for scene in scenes for origin in scene.origins(series.bands)]
    return SeriesFacts(
        bbox=degrees_of(grid.crs, grid.bounds),
        dates=tuple(sorted({scene.date for scene in scenes})),
        sensors=tuple(sorted({origin.sensor for origin in origins} - {""})),
        levels=tuple(sorted({origin.level for origin in origins} - {""})),
        pixel=ground_pixel(grid.crs, grid.transform, grid.height, grid.width),
        simulated=series.simulated,
        lacking=tuple(band for sensor in series.sensors if not sensor.stack.layers for band in sensor.bands),
    )

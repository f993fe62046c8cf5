"""What a model cannot map, as its card and the headers of a series tell. Standard library only: QGIS says it before the
run, the engine in the same words."""

from __future__ import annotations

from ..errors import BadInput, RadarMissing
from .card import Card
from .parts import InputSpec


def refuse_series(spec: InputSpec, optical: bool, radar: bool) -> None:
    """Raises where a series is given that the model does not take, or one is lacking that it cannot do without."""
    if radar and not spec.radar.bands:
        raise BadInput(
            f"The model {spec.model} takes one series ({', '.join(spec.bands)}): give it as the scenes, and no second."
        )
    if spec.radar.bands and not spec.dates.min_dates and optical != radar:
        raise RadarMissing(spec.model, "the optical scenes" if radar else "a radar series", spec.radar.bands)
    if not (optical or radar):
        raise BadInput("No raster was given: choose the dated scenes of the season.")


def refuse_months(card: Card, months: bool, folder: bool) -> None:
    """Raises where target months, or a folder of one map a month, are asked of a model that maps a season."""
    if months and not card.inputs.dates.monthly:
        raise BadInput(f"The model {card.title} maps a season, not single months: leave the target months out.")
    if folder and not card.inputs.dates.monthly:
        raise BadInput(f"The model {card.title} makes one map of a season: name the crop map in place of a folder.")


def refuse_coarse(spec: InputSpec, path: str, pixel: float) -> None:
    """Raises where the finest pixels of a series, those of a file (m), are coarser than the model takes."""
    if pixel > spec.pixel_size * (1 + spec.pixel_tolerance) + 1e-6:
        raise BadInput(
            f"The finest band ({path}) has pixels of {pixel:.4g} m, the model {spec.model} was made for "
            f"{spec.pixel_size:g} m: use a series of that resolution or another model."
        )

"""Whether a model may be trusted on a series: its card held against the series' headers. Standard library only.

After the area of applicability (Meyer and Pebesma 2021, doi 10.1111/2041-210X.13650), but of what headers tell alone:
place, year, season, sensors, level, resolution, and whether the scenes are simulated. The limits are choices.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import BadInput, RadarMissing
from .card import Card
from .parts import Box, InputSpec

MOST_KM = 25.0  # that a map may reach beyond the training area: crops, soils and calendars change soon
MOST_DAYS = 30  # that a date may lie outside the training's days of the year
MOST_STRETCH = 0.1  # share by which the pixels may differ from those that the model learnt from
_HALF_YEAR = 183  # days from the middle of a season, within which a date is of that season's year
_EARTH = 6371.0  # km, radius
_TROPIC = 23.5  # degrees of latitude
_MOST = 10  # things named in a sentence
_LEVEL = "surface reflectance"
_CHECK = "expect errors, and check the map with Diagnose or train on labels of"


@dataclass(frozen=True)
class SeriesFacts:
    """What the headers of a series tell, of the part that is mapped. Empty = not known, and no ground for a finding."""

    bbox: Box | None  # west, south, east, north in degrees
    dates: tuple[dt.date, ...]  # of the scenes in use
    sensors: tuple[str, ...]
    pixel: float  # m
    simulated: bool = False  # whether a scene is marked as such
    levels: tuple[str, ...] = ()  # of the products
    lacking: tuple[str, ...] = ()  # bands of a whole series that the model does without


@dataclass(frozen=True)
class Finding:
    """One way in which a series is not what the model was trained on."""

    kind: str  # simulated, place, year, season, sensor, level, resolution, series
    sentence: str


# --- what is impossible ----------------------------------------------------------------------------------------------


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


# --- what is doubtful ------------------------------------------------------------------------------------------------


def findings(card: Card, series: SeriesFacts) -> tuple[Finding, ...]:
    """What speaks against this model on this series; () where nothing does.

    Simulated scenes lie in no place and year: where one side is simulated, or both, these are not compared.
    """
    invented = card.training.simulated or series.simulated
    checks = (
        ("simulated", _simulated(card, series)),
        ("place", "" if invented else _place(card, series)),
        ("year", "" if invented else _year(card, series)),
        ("season", _season(card, series)),
        ("sensor", _sensor(card, series)),
        ("level", _level(card, series)),
        ("resolution", _resolution(card, series)),
        ("series", _lacking(card, series)),
    )
    return tuple(Finding(kind, sentence) for kind, sentence in checks if sentence)


def _simulated(card: Card, series: SeriesFacts) -> str:
    if card.training.simulated == series.simulated:
        return ""
    if series.simulated:
        return (
            f"The model {card.title} was trained on real scenes, and the series is simulated: "
            "the map says nothing of real fields."
        )
    return (
        f"The model {card.title} was trained on simulated scenes, and the series is real: "
        "the map is not to be trusted, train on labels of this place."
    )


# --- place -----------------------------------------------------------------------------------------------------------


def _place(card: Card, series: SeriesFacts) -> str:
    places = card.training.known_places
    if not places or series.bbox is None:
        return ""
    beyond, nearest = min((reach(series.bbox, (place,)), place) for place in places)
    beyond = min(beyond, reach(series.bbox, places))
    if beyond <= MOST_KM:
        return ""
    seasons = ", where the seasons are the other way round" if _opposite(series.bbox, nearest) else ""
    region = f"{card.training.region} ({_middle(nearest)})" if card.training.region else _middle(nearest)
    return (
        f"The model {card.title} was trained in {region}; the map reaches {beyond:,.0f} km beyond that area{seasons}: "
        f"{_CHECK} this place."
    )


def reach(area: Box, places: Sequence[Box]) -> float:
    """How many km the area's farthest corner lies from the nearest of the places (degrees; west > east crosses 180)."""
    west, south, east, north = area
    return max(min(distance(lon, lat, box) for box in places) for lon in (west, east) for lat in (south, north))


def distance(lon: float, lat: float, box: Box) -> float:
    """km from a point to a box, at its own latitude or the box's nearest (great circle); 0 inside."""
    west, south, east, north = box
    wide = (east - west) % 360 if east - west < 360 else 360.0
    offset = (lon - west) % 360  # east of the western edge
    nearest = west + offset if offset <= wide else (east if offset - wide <= 360 - offset else west)
    return great_circle(lon, lat, nearest, min(max(lat, south), north))


def great_circle(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """km between two points in degrees, on a sphere (haversine)."""
    a, b = math.radians(lat), math.radians(other_lat)
    turn = math.radians(other_lon - lon)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(min(half, 1.0)))


def _opposite(a: Box, b: Box) -> bool:
    """Whether two areas lie outside the tropics on both sides of the equator."""
    first, second = (a[1] + a[3]) / 2, (b[1] + b[3]) / 2
    return min(abs(first), abs(second)) > _TROPIC and (first > 0) != (second > 0)


def _middle(box: Box) -> str:
    """As "50.7 N, 4.1 E"."""
    west, south, east, north = box
    lat, lon = (south + north) / 2, west + ((east - west) % 360 if east - west < 360 else 360) / 2
    lon = (lon + 180) % 360 - 180
    return f"{abs(lat):.1f} {'NS'[lat < 0]}, {abs(lon):.1f} {'EW'[lon < 0]}"


# --- time ------------------------------------------------------------------------------------------------------------


def _year(card: Card, series: SeriesFacts) -> str:
    """Most dates must lie about a season that the model learnt from."""
    seasons = card.training.known_seasons
    strange = [day for day in series.dates if not any(_of_year(day, *season) for season in seasons)]
    if not seasons or 2 * len(strange) <= len(series.dates):
        return ""
    learnt = _years(day for season in seasons for day in season)
    return (
        f"The model {card.title} was trained on {learnt}; the series is of {_years(series.dates)}: {_CHECK} this year."
    )


def _of_year(day: dt.date, first: dt.date, last: dt.date) -> bool:
    middle = first + (last - first) / 2
    return first <= day <= last or abs((day - middle).days) <= _HALF_YEAR


def _years(days: Iterable[dt.date]) -> str:
    years = sorted({day.year for day in days})
    whole = years == list(range(years[0], years[-1] + 1))
    return f"{years[0]} to {years[-1]}" if whole and len(years) > 2 else _listed(map(str, years))


def _season(card: Card, series: SeriesFacts) -> str:
    """Every date must lie in the part of the year that the model learnt from."""
    seasons = card.training.known_seasons
    strange = [day for day in series.dates if not any(_in_season(day, *season) for season in seasons)]
    if not seasons or not strange:
        return ""
    learnt = dict.fromkeys(f"{_day(first)} to {_day(last)}" for first, last in seasons)
    return (
        f"The model {card.title} was trained on scenes of {_listed(learnt)}; the series has scenes of "
        f"{_listed(dict.fromkeys(map(_day, strange)))}: {_CHECK} that season."
    )


def _in_season(day: dt.date, first: dt.date, last: dt.date) -> bool:
    length = (last - first).days + 2 * MOST_DAYS
    start = first - dt.timedelta(MOST_DAYS)
    after = (day.timetuple().tm_yday - start.timetuple().tm_yday) % 365
    return length >= 365 or after <= length


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B}"


# --- how it was seen -------------------------------------------------------------------------------------------------


def _sensor(card: Card, series: SeriesFacts) -> str:
    known = {family(sensor) for sensor in card.training.sensors}
    strange = dict.fromkeys(family(s) for s in series.sensors if family(s) not in known)
    if not known or not strange:
        return ""
    return (
        f"The model {card.title} was trained on {_listed(sorted(known))}; the series is of {_listed(strange)}: "
        f"{_CHECK} this sensor."
    )


def family(sensor: str) -> str:
    """Twins count as one: Sentinel-2A and -2B, Landsat 8 and 9, Terra and Aqua."""
    sentinel = re.fullmatch(r"(Sentinel-\d)[A-Z]", sensor)
    if sentinel:
        return sentinel[1]
    if sensor.startswith("MODIS"):
        return re.sub(r"\bM[OY]D(?=\d)", "MOD", sensor)
    return {"Landsat 8": "Landsat 8 and 9", "Landsat 9": "Landsat 8 and 9"}.get(sensor, sensor)


def _level(card: Card, series: SeriesFacts) -> str:
    """A card that does not tell means what its unit says."""
    known = card.training.levels or (_LEVEL,)
    strange = [level for level in series.levels if level not in known]
    if not strange:
        return ""
    return (
        f"The model {card.title} was trained on {_listed(known)}; the series has scenes of {_listed(strange)}: "
        f"{_CHECK} this level."
    )


def _resolution(card: Card, series: SeriesFacts) -> str:
    learnt = card.inputs.pixel_size
    if not series.pixel or abs(series.pixel / learnt - 1) <= MOST_STRETCH:
        return ""
    return (
        f"The model {card.title} was trained on pixels of {learnt:g} m; the series has pixels of {series.pixel:.3g} m: "
        f"{_CHECK} this resolution."
    )


def _lacking(card: Card, series: SeriesFacts) -> str:
    if not series.lacking:
        return ""
    return (
        f"The model {card.title} was trained with {_listed(series.lacking)} too, of which the series has no scene: "
        "the map is less sure than its accuracy tells."
    )


def _listed(things: Iterable[str]) -> str:
    words = list(things)
    return ", ".join(words[:_MOST]) + (f" and {len(words) - _MOST} more" if len(words) > _MOST else "")

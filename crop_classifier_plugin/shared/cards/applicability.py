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

from .card import Card
from .parts import Box, TrainingFacts

MOST_KM = 25.0  # that a map may reach beyond the training area: crops, soils and calendars change soon
MOST_DAYS = 30  # that a date may lie outside the training's days of the year
MOST_STRETCH = 0.1  # share by which the pixels may differ from those that the model learnt from
_HALF_YEAR = 183  # days from the middle of a season, within which a date is of that season's year
_EARTH = 6371.0  # km, radius
_TROPIC = 23.5  # degrees of latitude
_MOST = 10  # things named in a sentence
_LEVEL = "surface reflectance"


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


@dataclass(frozen=True)
class Home:
    """Where a model is at home: what its card tells of the training."""

    title: str
    training: TrainingFacts
    pixel_size: float  # m
    advice: str = "check the map with Diagnose or train on labels of"  # and what is strange follows


def findings(card: Card, series: SeriesFacts) -> tuple[Finding, ...]:
    """What speaks against a model on the series that it maps; () where nothing does."""
    return departures(Home(card.title, card.training, card.inputs.pixel_size), series)


def departures(home: Home, series: SeriesFacts) -> tuple[Finding, ...]:
    """How a series departs from what a model was trained on.

    Simulated scenes lie in no place and year: where one side is simulated, or both, these are not compared.
    """
    invented = home.training.simulated or series.simulated
    checks = (
        ("simulated", _simulated(home, series)),
        ("place", "" if invented else _place(home, series)),
        ("year", "" if invented else _year(home, series)),
        ("season", _season(home, series)),
        ("sensor", _sensor(home, series)),
        ("level", _level(home, series)),
        ("resolution", _resolution(home, series)),
        ("series", _lacking(home, series)),
    )
    return tuple(Finding(kind, sentence) for kind, sentence in checks if sentence)


def _simulated(home: Home, series: SeriesFacts) -> str:
    if home.training.simulated == series.simulated:
        return ""
    if series.simulated:
        return (
            f"The model {home.title} was trained on real scenes, and the series is simulated: "
            "the map says nothing of real fields."
        )
    return (
        f"The model {home.title} was trained on simulated scenes, and the series is real: "
        "the map is not to be trusted, train on labels of this place."
    )


# --- place -----------------------------------------------------------------------------------------------------------


def _place(home: Home, series: SeriesFacts) -> str:
    places = home.training.known_places
    if not places or series.bbox is None:
        return ""
    beyond, nearest = min((reach(series.bbox, (place,)), place) for place in places)
    beyond = min(beyond, reach(series.bbox, places))
    if beyond <= MOST_KM:
        return ""
    seasons = ", where the seasons are the other way round" if _opposite(series.bbox, nearest) else ""
    region = f"{home.training.region} ({_middle(nearest)})" if home.training.region else _middle(nearest)
    return (
        f"The model {home.title} was trained in {region}; the series reaches {beyond:,.0f} km beyond that area"
        f"{seasons}: expect errors, and {home.advice} this place."
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


def _year(home: Home, series: SeriesFacts) -> str:
    """Most dates must lie about a season that the model learnt from."""
    seasons = home.training.known_seasons
    strange = [day for day in series.dates if not any(_of_year(day, *season) for season in seasons)]
    if not seasons or 2 * len(strange) <= len(series.dates):
        return ""
    learnt = _years(day for season in seasons for day in season)
    return (
        f"The model {home.title} was trained on {learnt}; the series is of {_years(series.dates)}: "
        f"expect errors, and {home.advice} this year."
    )


def _of_year(day: dt.date, first: dt.date, last: dt.date) -> bool:
    middle = first + (last - first) / 2
    return first <= day <= last or abs((day - middle).days) <= _HALF_YEAR


def _years(days: Iterable[dt.date]) -> str:
    years = sorted({day.year for day in days})
    whole = years == list(range(years[0], years[-1] + 1))
    return f"{years[0]} to {years[-1]}" if whole and len(years) > 2 else _listed(map(str, years))


def _season(home: Home, series: SeriesFacts) -> str:
    """Every date must lie in the part of the year that the model learnt from."""
    seasons = home.training.known_seasons
    strange = [day for day in series.dates if not any(_in_season(day, *season) for season in seasons)]
    if not seasons or not strange:
        return ""
    learnt = dict.fromkeys(f"{_day(first)} to {_day(last)}" for first, last in seasons)
    return (
        f"The model {home.title} was trained on scenes of {_listed(learnt)}; the series has scenes of "
        f"{_listed(dict.fromkeys(map(_day, strange)))}: expect errors, and {home.advice} that season."
    )


def _in_season(day: dt.date, first: dt.date, last: dt.date) -> bool:
    length = (last - first).days + 2 * MOST_DAYS
    start = first - dt.timedelta(MOST_DAYS)
    after = (day.timetuple().tm_yday - start.timetuple().tm_yday) % 365
    return length >= 365 or after <= length


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B}"


# --- how it was seen -------------------------------------------------------------------------------------------------


def _sensor(home: Home, series: SeriesFacts) -> str:
    known = {family(sensor) for sensor in home.training.sensors}
    strange = dict.fromkeys(family(s) for s in series.sensors if family(s) not in known)
    if not known or not strange:
        return ""
    return (
        f"The model {home.title} was trained on {_listed(sorted(known))}; the series is of {_listed(strange)}: "
        f"expect errors, and {home.advice} this sensor."
    )


def family(sensor: str) -> str:
    """Twins count as one: Sentinel-2A and -2B, Landsat 8 and 9, Terra and Aqua."""
    sentinel = re.fullmatch(r"(Sentinel-\d)[A-Z]", sensor)
    if sentinel:
        return sentinel[1]
    if sensor.startswith("MODIS"):
        return re.sub(r"\bM[OY]D(?=\d)", "MOD", sensor)
    return {"Landsat 8": "Landsat 8 and 9", "Landsat 9": "Landsat 8 and 9"}.get(sensor, sensor)


def _level(home: Home, series: SeriesFacts) -> str:
    """A card that does not tell means what its unit says."""
    known = home.training.levels or (_LEVEL,)
    strange = [level for level in series.levels if level not in known]
    if not strange:
        return ""
    return (
        f"The model {home.title} was trained on {_listed(known)}; the series has scenes of {_listed(strange)}: "
        f"expect errors, and {home.advice} this level."
    )


def _resolution(home: Home, series: SeriesFacts) -> str:
    learnt = home.pixel_size
    if not series.pixel or abs(series.pixel / learnt - 1) <= MOST_STRETCH:
        return ""
    return (
        f"The model {home.title} was trained on pixels of {learnt:g} m; the series has pixels of {series.pixel:.3g} m: "
        f"expect errors, and {home.advice} this resolution."
    )


def _lacking(home: Home, series: SeriesFacts) -> str:
    if not series.lacking:
        return ""
    return (
        f"The model {home.title} was trained with {_listed(series.lacking)} too, of which the series has no scene: "
        "the map is less sure than its accuracy tells."
    )


def _listed(things: Iterable[str]) -> str:
    words = list(things)
    return ", ".join(words[:_MOST]) + (f" and {len(words) - _MOST} more" if len(words) > _MOST else "")

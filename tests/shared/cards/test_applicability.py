"""Law: a series like those that a model was trained on gives no finding, each departure alone exactly its own."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod

from crop_classifier_plugin.shared.cards.applicability import (
    MOST_DAYS,
    MOST_KM,
    MOST_STRETCH,
    SeriesFacts,
    distance,
    family,
    findings,
    reach,
)
from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.parts import Box, RadarSpec
from crop_classifier_plugin.shared.cards.refusals import refuse_coarse, refuse_series
from crop_classifier_plugin.shared.errors import BadInput, RadarMissing
from kits.cards import card_of, changed

D = dt.date
CARD = card_of(
    title="Flemish fields",
    region="Flanders",
    places=((2.5, 50.7, 3.5, 51.2),),
    seasons=((D(2019, 4, 1), D(2019, 8, 24)),),
    sensors=("Sentinel-2A",),
    pixel_size=10.0,
)
LIKE = SeriesFacts(
    bbox=(2.9, 50.9, 3.0, 51.0), dates=(D(2019, 4, 21), D(2019, 6, 20)), sensors=("Sentinel-2B",), pixel=10.0
)
DEPARTURES: dict[str, tuple[dict[str, Any], str]] = {
    "simulated": ({"simulated": True}, "is simulated: the map says nothing of real fields"),
    "place": ({"bbox": (5.2, 50.9, 5.3, 51.0)}, r"Flanders \(51.0 N, 3.0 E\); the series reaches 126 km beyond"),
    "year": ({"dates": (D(2018, 4, 21), D(2018, 6, 20))}, "trained on 2019; the series is of 2018"),
    "season": ({"dates": (D(2019, 4, 21), D(2019, 11, 20))}, "1 April to 24 August; the series has .* 20 November"),
    "sensor": ({"sensors": ("Sentinel-2A", "Landsat 8")}, "Sentinel-2; the series is of Landsat 8 and 9"),
    "level": ({"levels": ("surface reflectance", "calibrated numbers")}, "on surface reflectance; .* calibrated numb"),
    "resolution": ({"pixel": 14.0}, "pixels of 10 m; the series has pixels of 14 m"),
    "series": ({"lacking": ("VV", "VH")}, "with VV, VH too"),
}


def kinds(card: Card, series: SeriesFacts) -> list[str]:
    return [finding.kind for finding in findings(card, series)]


def test_what_is_like_the_training_gives_no_finding() -> None:
    assert kinds(CARD, LIKE) == []


@pytest.mark.parametrize("kind", DEPARTURES)
def test_each_departure_alone_gives_its_finding(kind: str) -> None:
    departure, said = DEPARTURES[kind]
    (finding,) = findings(CARD, replace(LIKE, **departure))
    assert finding.kind == kind
    assert finding.sentence.startswith("The model Flemish fields was trained ")
    assert finding.sentence.endswith(".")
    assert re.search(said, finding.sentence)


@given(st.sets(st.sampled_from(sorted(DEPARTURES)), min_size=2))
def test_several_departures_give_all_their_findings(chosen: set[str]) -> None:
    """But for place and year, which simulated scenes have not; a year has no finding beside another season's."""
    assume(not {"year", "season"} <= chosen)
    series = LIKE
    for kind in chosen:
        series = replace(series, **DEPARTURES[kind][0])
    hidden = {"place", "year"} if "simulated" in chosen else set()
    assert set(kinds(CARD, series)) == chosen - hidden


def test_a_simulated_model_on_real_scenes_says_so_and_nothing_of_its_invented_place() -> None:
    card = changed(CARD, simulated=True)
    far = replace(LIKE, bbox=(100.0, 10.0, 101.0, 11.0), dates=(D(2024, 6, 1),))
    (finding,) = findings(card, far)
    assert "trained on simulated scenes, and the series is real" in finding.sentence
    assert kinds(card, replace(far, simulated=True)) == []


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert kinds(card_of(), replace(LIKE, dates=(D(1999, 1, 1),), sensors=("MODIS MOD13Q1",))) == []
    assert kinds(CARD, SeriesFacts(None, (), (), 0.0)) == []


def test_older_cards_tell_one_place_and_one_stretch() -> None:
    card = card_of(bbox=(2.5, 50.7, 3.5, 51.2), start="2019-04-01T00:00:00Z", end="2019-08-24T23:59:59Z")
    assert kinds(card, LIKE) == []
    assert kinds(card, replace(LIKE, dates=(D(2017, 6, 1),), bbox=(9.0, 45.0, 9.1, 45.1))) == ["place", "year"]


def test_the_other_side_of_the_equator_has_its_seasons_the_other_way_round() -> None:
    (finding,) = findings(CARD, replace(LIKE, bbox=(-60.0, -35.0, -59.0, -34.0)))
    assert "where the seasons are the other way round" in finding.sentence


@given(st.integers(-MOST_DAYS, MOST_DAYS), st.booleans())
def test_a_month_around_the_season_is_still_the_season(days: int, end: bool) -> None:
    day = (D(2019, 8, 24) if end else D(2019, 4, 1)) + dt.timedelta(days)
    assert kinds(CARD, replace(LIKE, dates=(day,))) == []


@given(st.dates(D(2000, 1, 1), D(2030, 12, 31)), st.integers(10, 250))
def test_a_season_across_the_new_year_is_one(first: dt.date, length: int) -> None:
    card = changed(CARD, seasons=((first, first + dt.timedelta(length)),))
    inside = first + dt.timedelta(length // 2)
    assert kinds(card, replace(LIKE, dates=(first, inside, first + dt.timedelta(length)))) == []
    outside = first + dt.timedelta(length + (365 - length) // 2)
    assert "season" in kinds(card, replace(LIKE, dates=(outside,)))


@given(st.floats(-0.5, 0.5))
def test_pixels_may_differ_a_little(stretch: float) -> None:
    assume(abs(abs(stretch) - MOST_STRETCH) > 1e-6)
    found = kinds(CARD, replace(LIKE, pixel=10 * (1 + stretch)))
    assert found == (["resolution"] if abs(stretch) > MOST_STRETCH else [])


# --- the distance, held against pyproj's ellipsoid --------------------------------------------------------------------

_EARTH = Geod(ellps="WGS84")
_lon, _lat = st.floats(-180, 180), st.floats(-80, 80)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """West > east crosses 180."""
    west, south = draw(_lon), draw(st.floats(-80, 70))
    east = (west + draw(st.floats(0, 170)) + 180) % 360 - 180
    return west, south, east, south + draw(st.floats(0, 10))


@given(_lon, _lat, boxes())
def test_a_point_is_as_far_as_the_nearest_edge_at_its_latitude(lon: float, lat: float, box: Box) -> None:
    west, south, east, north = box
    inside = (lon - west) % 360 <= (east - west) % 360
    nearest = [lon] if inside else [west, east]
    middle = min(max(lat, south), north)
    by_geod = min(_EARTH.inv(lon, lat, each, middle)[2] for each in nearest) / 1000
    assert distance(lon, lat, box) == pytest.approx(by_geod, rel=0.01, abs=0.01)


@given(boxes())
def test_a_box_reaches_nowhere_beyond_itself_or_its_places(box: Box) -> None:
    assert reach(box, (box,)) == pytest.approx(0, abs=1e-6)
    assert reach(box, ((0.0, 0.0, 1.0, 1.0), box)) == pytest.approx(0, abs=1e-6)


@given(st.floats(0, 3), st.floats(0, 3))
def test_a_map_of_several_places_is_near_where_each_corner_is(lon: float, lat: float) -> None:
    card = changed(CARD, places=((lon, lat, lon + 0.1, lat + 0.1), (60.0, 30.0, 61.0, 31.0)))
    near = replace(LIKE, bbox=(lon, lat, lon + 0.3, lat + 0.1))
    assert kinds(card, near) == (["place"] if reach(near.bbox or (0, 0, 0, 0), card.training.places) > MOST_KM else [])


def test_twins_are_one_sensor() -> None:
    assert family("Sentinel-2C") == family("Sentinel-2A") == family("Sentinel-2") == "Sentinel-2"
    assert family("Landsat 9") == family("Landsat 8") != family("Landsat 7")
    assert family("MODIS MYD13Q1") == family("MODIS MOD13Q1") != family("MODIS MOD09A1")
    assert family("HLS S30") == "HLS S30"


# --- the impossible ---------------------------------------------------------------------------------------------------


def test_series_that_a_model_cannot_take_are_refused() -> None:
    one = CARD.inputs
    two = replace(one, radar=RadarSpec(("VV", "VH")), tensors=("x_s2", "x_s1"))
    refuse_series(one, True, False)
    refuse_series(two, True, True)
    with pytest.raises(BadInput, match="takes one series"):
        refuse_series(one, True, True)
    with pytest.raises(RadarMissing, match="a radar series was not given"):
        refuse_series(two, True, False)
    with pytest.raises(RadarMissing, match="the optical scenes was not given"):
        refuse_series(two, False, True)
    with pytest.raises(BadInput, match="No raster"):
        refuse_series(one, False, False)
    for optical, radar in ((True, False), (False, True)):  # a model that does with one date of either
        refuse_series(replace(two, dates=replace(two.dates, min_dates=1)), optical, radar)


def test_pixels_coarser_than_a_model_takes_are_refused() -> None:
    refuse_coarse(CARD.inputs, "a.tif", 15.0)
    with pytest.raises(BadInput, match=r"\(a.tif\) has pixels of 15.1 m, the model Flemish fields was made for 10 m"):
        refuse_coarse(CARD.inputs, "a.tif", 15.1)

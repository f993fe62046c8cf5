"""Lights keep the rate of false alarms that they state, and say what they rest on."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.parcels.check_declarations import check_declarations
from crop_classifier_plugin.engine.accuracy.parcels.lights import p_values_of
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.jobs.accuracy import CheckDeclarationsJob, DeclaredParcels, MapRasters
from kits.diagnosis import LEGEND, write_map


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_right_declarations_turn_red_no_more_often_than_stated(rate: float) -> None:
    """Over many draws of a reference and of fresh right parcels, two crops that are doubted differently."""
    rng = np.random.default_rng(7)
    alarms = []
    for _ in range(60):
        declared = np.repeat([0, 1], 600)
        doubt = np.where(declared == 0, rng.beta(1, 8, 1200), rng.beta(4, 3, 1200))
        reference = rng.random(1200) < 0.5
        p_values, pooled = p_values_of(doubt, declared, reference, rate)
        assert not pooled
        alarms.append([(p_values[~reference & (declared == crop)] <= rate).mean() for crop in (0, 1)])
    assert np.mean(alarms, axis=0) == pytest.approx(rate, abs=0.25 * rate + 0.004)


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=80), st.sampled_from([0.05, 0.1, 0.3]))
def test_where_all_are_the_reference_no_more_than_the_rate_turns_red(doubts: list[int], rate: float) -> None:
    """Ties included; p-values are ranks: the more doubt, the smaller."""
    doubt = np.array(doubts, float)
    p_values, _ = p_values_of(doubt, np.zeros(len(doubt), np.int64), np.ones(len(doubt), bool), rate)
    assert (p_values <= rate).mean() <= rate
    order = np.argsort(doubt)
    assert (np.diff(p_values[order]) <= 1e-12).all()
    assert p_values == pytest.approx([(doubt >= each).mean() for each in doubt])


def test_rare_crops_are_held_against_all() -> None:
    declared = np.array([0] * 100 + [1] * 3)
    doubt = np.concatenate([np.linspace(0, 0.3, 100), [0.9, 0.1, np.nan]])
    p_values, pooled = p_values_of(doubt, declared, np.ones(103, bool), 0.05)
    assert pooled == [1]
    assert p_values[100] == pytest.approx(1 / 102)
    assert np.isnan(p_values[102])


@pytest.fixture
def farm(tmp_path):
    """100 parcels of wheat on wheat; the last ten rows: maize declared on wheat, and a few special cases."""
    rng = np.random.default_rng(0)
    values = np.ones((100, 110), np.uint8)
    values[:, 100:] = 2
    values[rng.random(values.shape) < 0.1] = 4
    path = write_map(tmp_path / "map.tif", values)
    cols, rows = np.indices((10, 10)).reshape(2, -1)
    x, y = 600000 + 100 * cols, 5600000 - 100 * rows
    shapes = list(shapely.box(x + 5, y - 95, x + 95, y - 5))
    declared = ["Winter wheat"] * 95 + ["Maize"] * 5
    found = ["Winter wheat"] * 100
    maize = list(shapely.box(601005, y[:10] - 95, 601095, y[:10] - 5))
    tiny = [shapely.box(600003, 5599993, 600006, 5599996)]
    frame = geopandas.GeoDataFrame(
        {"crop": [*declared, *["Maize"] * 10, "Maize", None], "seen": [*found, *["Maize"] * 10, None, None]},
        geometry=[*shapes, *maize, *tiny, shapes[0]],
        crs=32631,
    )
    frame.to_file(tmp_path / "farm.gpkg")
    return path, str(tmp_path / "farm.gpkg")


def check(tmp_path, farm, reporter=None, declared="crop", **options):
    path, parcels = farm
    reports = {f"report_{end}": str(tmp_path / f"r.{end}") for end in ("html", "json", "csv")}
    job = CheckDeclarationsJob(
        MapRasters(path),
        DeclaredParcels(parcels, declared_field=declared),
        str(tmp_path / "o.gpkg"),
        **reports | options,
    )
    check_declarations(job, reporter or Silent())
    return geopandas.read_file(tmp_path / "o.gpkg"), json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))


def test_wrong_declarations_turn_red_right_ones_green_small_ones_yellow(tmp_path, farm) -> None:
    table, document = check(tmp_path, farm, found_field="seen")
    lights = table["light"].fillna("").tolist()
    assert lights[:95] == ["green"] * 95
    assert lights[95:100] == ["red"] * 5
    assert lights[100:110] == ["green"] * 10
    assert lights[110] == "yellow"
    assert lights[111] == ""
    assert document["on_the_spot"]["wrong"] == {"green": 0, "yellow": 0, "red": 5}
    assert document["on_the_spot"]["right"] == {"green": 105, "yellow": 0, "red": 0}
    assert sum(document["lights"].values()) == 111
    assert "Maize" in " ".join(document["light_notes"])  # ten of their own are too few for 5 %


def test_without_a_look_on_the_spot_at_most_the_rate_of_all_turns_red(tmp_path, farm) -> None:
    reporter = Silent()
    _, document = check(tmp_path, farm, reporter, false_alarms=0.05)
    assert document["lights"]["red"] <= 0.05 * document["reference_parcels"]
    assert any("bounds the false alarms" in text for _, text in reporter.lines)


def test_what_cannot_be_checked_is_refused_in_a_sentence(tmp_path, farm) -> None:
    with pytest.raises(LabelsUnusable, match="no field 'visited'"):
        check(tmp_path, farm, found_field="visited")
    with pytest.raises(BadInput, match="declared crop is missing"):
        check(tmp_path, farm, declared="")
    with pytest.raises(BadInput, match="rate of false alarms"):
        check(tmp_path, farm, false_alarms=5.0)
    frame = geopandas.read_file(farm[1]).assign(crop="Rice")
    frame.to_file(tmp_path / "rice.gpkg")
    with pytest.raises(LabelsUnusable, match="can set the limit"):
        check(tmp_path, (farm[0], str(tmp_path / "rice.gpkg")))
    assert LEGEND.find("Rice") is None

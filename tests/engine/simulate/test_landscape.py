"""Laws of the simulated landscape and of what grows on it."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.simulate import radar
from crop_classifier_plugin.engine.simulate.clouds import cover_of, sky_of
from crop_classifier_plugin.engine.simulate.crops import (
    BANDS,
    COVERS,
    CROPS,
    LEGEND,
)
from crop_classifier_plugin.engine.simulate.landscape import Landscape
from crop_classifier_plugin.engine.simulate.noise import (
    bits,
    key,
    quick_normal,
    smooth,
    smooth_at,
    speckle,
)
from crop_classifier_plugin.engine.simulate.optics import (
    HALO,
    Block,
    block_of,
    leaf_area,
    reflectance,
)
from crop_classifier_plugin.engine.simulate.phenology import NEVER, on_day
from crop_classifier_plugin.engine.simulate.products import ndvi, scene_of, truth_of
from crop_classifier_plugin.engine.simulate.radar import backscatter
from crop_classifier_plugin.shared.legend import Legend
from kits.paths import REPOSITORY

WHOLE = Window(-40, 60, 320, 300)
even = st.integers(0, 100).map(lambda n: 2 * n)
parts = st.builds(lambda r, c, h, w: Window(WHOLE.row + r, WHOLE.col + c, h + 2, w + 2), even, even, even, even).filter(
    lambda w: w.row + w.height <= WHOLE.row + WHOLE.height and w.col + w.width <= WHOLE.col + WHOLE.width
)


@pytest.fixture(scope="module")
def block() -> Block:
    return block_of(Landscape(7), WHOLE, 2024)


def inside(part: Window, factor: int = 1) -> tuple[slice, slice]:
    """Where a part lies in the whole block, in pixels `factor` times as large."""
    row, col = (part.row - WHOLE.row) // factor, (part.col - WHOLE.col) // factor
    return slice(row, row + part.height // factor), slice(col, col + part.width // factor)


@settings(max_examples=8, deadline=None)
@given(part=parts)
def test_any_window_alone_equals_the_same_window_of_a_larger_block(block: Block, part: Window) -> None:
    alone = block_of(Landscape(7), part, 2024)
    day = date(2024, 6, 20)
    sky = sky_of(7, day, 0.6)
    rows, cols = inside(part)
    assert np.array_equal(truth_of(alone), truth_of(block)[rows, cols])
    whole_scene, part_scene = scene_of(block, day, sky), scene_of(alone, day, sky)
    assert np.array_equal(part_scene[0], whole_scene[0][:, rows, cols])
    assert np.array_equal(part_scene[1], whole_scene[1][(slice(None), *inside(part, 2))])
    assert np.array_equal(backscatter(alone, day, "VV"), backscatter(block, day, "VV")[inside(part, 2)])


@settings(max_examples=30, deadline=None)
@given(row=st.integers(-500, 30000), col=st.integers(-500, 30000), length=st.sampled_from([3.0, 17.0, 130.0]))
def test_smooth_noise_is_one_field_on_windows_and_at_points(row: int, col: int, length: float) -> None:
    window = smooth(Window(row, col, 5, 7), 99, length)
    y, x = np.mgrid[row : row + 5, col : col + 7] + 0.5
    assert np.allclose(window, smooth_at(x, y, 99, length), atol=2e-5)


def test_noise_is_standard() -> None:
    here = Window(0, 0, 1000, 1000)
    assert np.isclose(quick_normal(bits(here, 1)).mean(), 0, atol=0.005)
    assert np.isclose(quick_normal(bits(here, 1)).std(), 1, atol=0.005)
    assert np.isclose(smooth(here, 2, 5.0).std(), 1, atol=0.05)
    assert abs(np.corrcoef(quick_normal(bits(here, 1)).ravel(), quick_normal(bits(here, 3)).ravel())[0, 1]) < 0.005
    assert np.isclose(1 / speckle(here, 4, 3).var(), 3, rtol=0.02)


def test_radar_has_the_speckle_of_seven_looks(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2024, 5, 12)
    speckled = backscatter(block, day, "VH")
    monkeypatch.setattr(radar, "speckle", lambda window, stream, looks: np.float32(1))
    ratio = 10 ** ((speckled - backscatter(block, day, "VH")) / 10)
    assert np.isclose(ratio.mean(), 1, atol=0.01)
    assert np.isclose(1 / ratio.var(), 7, rtol=0.05)


def test_streams_differ_by_every_part_of_their_name() -> None:
    names = {key(1, "a", 2), key(1, "a", 3), key(2, "a", 2), key(1, "b", 2), key("1", "a2"), key(12, "a")}
    assert len(names) == 6


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fields_look_like_a_landscape(seed: int) -> None:
    block = block_of(Landscape(seed), Window(0, 0, 512, 512), 2024)
    truth = truth_of(block)
    shares = np.bincount(truth.ravel(), minlength=len(LEGEND) + 1) / truth.size
    assert shares[1:].min() >= 0.03  # every crop is there
    assert 0.05 <= shares[0] <= 0.2  # and some land is no crop
    parcels = Landscape(seed).near(Window(0, 0, 700, 700))
    hectares = shapely.area(parcels.shapes) / 100
    assert hectares.min() > 0.45
    assert hectares.max() < 24
    assert 1.5 < np.median(hectares) < 4
    assert np.log(hectares).std() > 0.5  # spread over an order of magnitude
    assert shapely.is_valid(parcels.shapes).all()


def test_fields_do_not_overlap() -> None:
    shapes = Landscape(3).near(Window(0, 0, 300, 300)).shapes
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = pairs[:, pairs[0] < pairs[1]]
    assert shapely.area(shapely.intersection(shapes[one], shapes[other])).sum() < 0.01 * shapely.area(shapes).mean()


def test_leaf_area_follows_beck(block: Block) -> None:
    """Eq. 3 of Beck et al. 2006, written out by hand for one maize parcel in mid season."""
    stands = block.stands
    i = int(np.flatnonzero(stands.kinds == 4)[0])
    for day in (150, 190, 240):
        w, m, s, a = (
            float(v[i]) for v in (stands.canopy.winter, stands.canopy.peak, stands.canopy.start, stands.canopy.end)
        )
        rise, fall = (
            (1 / (1 + np.exp(-float(stands.canopy.start_rate[i]) * (day - s)))),
            (1 / (1 + np.exp(float(stands.canopy.end_rate[i]) * (day - a)))),
        )
        standing = 1 / (1 + np.exp((day - float(stands.harvest[i])) / 0.7))
        assert np.isclose(on_day(stands, day).lai[i], max(w + (m - w) * (rise + fall - 1), 0) * standing, atol=1e-4)


def test_crops_keep_their_calendar(block: Block) -> None:
    truth = truth_of(block)
    mean = {
        (crop.name, month): float(ndvi(block, date(2024, month, 10))[truth == crop.code].mean())
        for crop in CROPS
        for month in (4, 6, 8, 10)
    }
    assert mean["Winter wheat", 4] > 0.6 > 0.45 > mean["Maize", 4]
    assert mean["Maize", 8] > 0.7 > 0.5 > mean["Winter wheat", 8]
    assert mean["Winter barley", 6] < mean["Winter wheat", 6]
    assert mean["Sugar beet", 10] > mean["Potato", 10]
    assert mean["Grassland", 10] > 0.55


def test_rapeseed_blooms_yellow(block: Block) -> None:
    truth = truth_of(block)
    green, blue = reflectance(block, date(2024, 4, 28), ("B03", "B02"))
    yellow = (green / blue)[truth == 3].mean()
    assert yellow > 1.5 * (green / blue)[truth == 1].mean()


@pytest.mark.parametrize("day", [date(2024, 3, 1), date(2024, 6, 20), date(2024, 10, 30)])
def test_reflectance_is_physical(block: Block, day: date) -> None:
    scene = reflectance(block, day)
    assert scene.shape == (len(BANDS), WHOLE.height, WHOLE.width)
    assert scene.dtype == np.float32
    assert scene.min() > 0
    assert scene.max() < 0.75
    lai = leaf_area(block, day)
    assert lai.shape == (WHOLE.height + 2 * HALO, WHOLE.width + 2 * HALO)
    assert lai.min() >= 0


def test_years_differ_for_the_same_fields() -> None:
    one, other = (block_of(Landscape(7), Window(0, 0, 64, 64), year) for year in (2023, 2024))
    assert np.array_equal(one.index, other.index)
    assert not np.array_equal(one.stands.canopy.start, other.stands.canopy.start)


def test_only_meadows_are_mown_and_only_annual_crops_harvested(block: Block) -> None:
    cut = (block.stands.cuts < NEVER).any(axis=0)
    harvested = block.stands.harvest < NEVER
    kinds = block.stands.kinds
    assert {COVERS[k].name for k in np.unique(kinds[cut])} == {"Grassland"}
    assert {COVERS[k].name for k in np.unique(kinds[harvested])} == {c.name for c in CROPS} - {"Grassland"}


@pytest.mark.parametrize("share", [0.1, 0.33, 0.6])
def test_clouds_cover_the_wanted_share(share: float) -> None:
    days = [date(2024, 3, 1).replace(month=m, day=d) for m in range(3, 11) for d in range(1, 29, 3)]
    covers = [cover_of(sky_of(5, day, share), Window(0, 0, 2000, 16)) for day in days]
    each = [float(((c.opacity > 0) | (c.shadow > 0) | (c.veil > 0)).mean()) for c in covers]
    assert abs(np.mean(each) - share) < 0.12
    assert np.mean(np.array(each) < 0.01) > 0.15  # some dates are clear


def test_no_clouds_when_none_are_wanted() -> None:
    for month in range(1, 13):
        cover = cover_of(sky_of(5, date(2024, month, 5), 0.0), Window(0, 0, 64, 64))
        assert not any(layer.any() for layer in (cover.opacity, cover.shadow, cover.veil))


def test_shadow_is_the_cloud_moved_north_west() -> None:
    sky = next(s for s in (sky_of(5, date(2024, 6, d), 0.6) for d in range(1, 30)) if np.isfinite(s.threshold))
    rows, cols = sky.shadow_shift
    assert rows > 0
    assert cols > 0  # the cloud lies to the south-east of its shadow
    shadow = sky.shadow(Window(0, 0, 50, 50)) > 0
    assert np.array_equal(shadow, sky.opacity(Window(rows, cols, 50, 50)) > 0)


def test_legend_file_is_the_legend() -> None:
    path = REPOSITORY / "resources" / "legends" / "simulated_season.json"
    assert Legend.load(path) == LEGEND
    assert set(json.loads(path.read_text())) == {"classes"}
    assert LEGEND.names == tuple(crop.name for crop in CROPS)
    assert all(crop.code == kind for kind, crop in enumerate(COVERS[1:9], start=1))

"""What a diagnosis finds beside the matrix: each against plain NumPy on the whole map."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.engine.accuracy.diagnosis.comparison import Seen
from crop_classifier_plugin.engine.accuracy.diagnosis.findings.blocks import Blocks, side_of
from crop_classifier_plugin.engine.accuracy.diagnosis.findings.holes import HoleCount
from crop_classifier_plugin.engine.accuracy.diagnosis.findings.map_record import map_record
from crop_classifier_plugin.engine.accuracy.diagnosis.findings.parcels import ParcelTally
from crop_classifier_plugin.engine.accuracy.diagnosis.findings.wrong_regions import WrongRegions
from crop_classifier_plugin.engine.raster.grid import Window
from kits.diagnosis import grid_of, run, season, write, write_map

SHAPE = (700, 600)


def positions(shape=SHAPE, seed=0):
    """Truth and map as positions: -1 = nothing."""
    truth, mapped = season(shape, seed)
    table = np.array([-1, 0, 1, -1, 2])
    return table[truth].astype(np.int32), table[mapped].astype(np.int32)


def shown(watcher, truth, mapped, outside=None):
    outside = np.zeros(truth.shape, bool) if outside is None else outside
    for window in grid_of(truth).blocks(512):
        part = window.slices
        compared = (truth[part] >= 0) & (mapped[part] >= 0) & ~outside[part]
        counts = Confusion.count(truth[part][compared], mapped[part][compared], 1 + max(truth.max(), mapped.max(), 0)).n
        watcher.see(Seen(window, mapped[part], truth[part], compared, outside[part], counts))
    return watcher


def test_squares_sum_to_the_matrix_and_know_where_a_pair_is_densest():
    truth, mapped = positions()
    blocks = shown(Blocks(grid_of(truth)), truth, mapped)
    side, both = blocks.side, (truth >= 0) & (mapped >= 0)
    assert side == 64
    for pair in ((0, 1), (2, 0), (1, 2)):
        hits = (truth == pair[0]) & (mapped == pair[1])
        padded = np.pad(hits, [(0, -n % side) for n in SHAPE])
        counts = padded.reshape(padded.shape[0] // side, side, -1, side).sum(axis=(1, 3))
        densest = blocks.densest(*pair)
        assert densest.pixels == counts.max() == hits[densest.window.slices].sum()
    assert blocks.intervals([0, 1, 2]).blocks == -(-SHAPE[0] // side) * -(-SHAPE[1] // side)
    total = sum(sums[2].sum() for sums in blocks._sums.values())
    assert total == (both & (truth == mapped)).sum()


def test_intervals_are_as_wide_as_the_spread_of_the_squares_says():
    """The bootstrap against the linearized standard error of a ratio over clusters (Cochran 1977, section 3.12)."""
    rng = np.random.default_rng(5)
    blocky = np.kron(rng.random((32, 32)) < 0.3, np.ones((32, 32), bool))  # whole squares of errors
    truth = rng.integers(0, 2, (1024, 1024)).astype(np.int32)
    mapped = np.where(blocky, 1 - truth, truth).astype(np.int32)
    blocks = shown(Blocks(grid_of(truth)), truth, mapped)
    low, high = blocks.intervals([0, 1]).overall
    side, right = blocks.side, truth == mapped
    shares = right.reshape(1024 // side, side, -1, side).mean(axis=(1, 3)).ravel()
    error = shares.std(ddof=1) / np.sqrt(shares.size)
    assert low < right.mean() < high
    assert (high - low) / (2 * 1.96) == pytest.approx(error, rel=0.15)
    wilson = 2 * 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / right.size)
    assert high - low > 20 * wilson


def test_classes_that_turn_up_late_or_never_change_no_interval():
    """Windows are told by as many classes as were known when they were read."""
    rng = np.random.default_rng(6)
    truth, mapped = rng.integers(0, 2, (2, 4096, 4096)).astype(np.int32)
    blocks, more = Blocks(grid_of(truth)), Blocks(grid_of(truth))
    shown(blocks, truth, mapped)
    for number, window in enumerate(grid_of(truth).blocks(512)):
        part = truth[window.slices], mapped[window.slices]
        nothing = np.zeros(part[0].shape, bool)
        more.see(Seen(window, part[1], part[0], ~nothing, nothing, Confusion.count(*part, 4 + number % 2).n))
    assert blocks.side == 512
    for field in ("recall", "precision", "f1"):
        own, other = (getattr(each.intervals([0, 1]), field) for each in (blocks, more))
        assert own == pytest.approx(other)


def test_classes_in_few_squares_get_no_interval():
    truth, mapped = positions()
    truth[:10, :10], mapped[:10, :10] = 3, 3
    found = shown(Blocks(grid_of(truth)), truth, mapped).intervals([0, 1, 2, 3])
    assert np.isnan(found.recall[3]).all()
    assert not np.isnan(found.recall[:3]).any()
    assert (found.f1[:3, 0] <= found.f1[:3, 1]).all()


@pytest.mark.parametrize(("shape", "side"), [((8, 8), 16), ((64, 64), 16), ((512, 512), 64), ((10980, 10980), 512)])
def test_the_side_of_a_square(shape, side):
    assert side_of(SimpleNamespace(height=shape[0], width=shape[1])) == side
    assert 512 % side == 0


class Confidence:
    """An open raster of per cent."""

    def __init__(self, values):
        self._values = np.ma.masked_equal(values, 255)

    def read(self, band, window, masked):
        row, col = int(window.row_off), int(window.col_off)
        return self._values[row : row + int(window.height), col : col + int(window.width)]


@pytest.mark.parametrize("with_confidence", [False, True])
def test_the_largest_wrong_regions_are_those_of_the_whole_window(with_confidence):
    truth, mapped = positions((500, 400))
    rng = np.random.default_rng(2)
    sure = rng.choice([50, 85, 95, 255], truth.shape, p=[0.1, 0.3, 0.5, 0.1]).astype(np.uint8)
    regions = WrongRegions(grid_of(truth), Confidence(sure) if with_confidence else None, 80)
    shown(regions, truth, mapped)
    wrong = (truth >= 0) & (mapped >= 0) & (truth != mapped)
    if with_confidence:
        wrong &= (sure >= 80) & (sure != 255)
    numbers, _ = ndimage.label(wrong)
    sizes = np.sort(np.bincount(numbers.ravel())[1:])[::-1]
    assert [each.pixels for each in regions.largest] == sizes[:10].tolist()
    for each in regions.largest:
        inside = numbers == numbers[each.row, each.col]
        assert numbers[each.row, each.col]
        assert inside.sum() == each.pixels
        assert each.hectares == pytest.approx(each.pixels * 0.01, rel=2e-3)
        assert each.mapped == np.bincount(mapped[inside]).argmax()
        assert each.reference == np.bincount(truth[inside]).argmax()
        assert each.confidence == (pytest.approx(sure[inside].mean(), rel=1e-5) if with_confidence else None)


def test_regions_of_several_windows_are_the_largest_of_all():
    truth, mapped = positions((1100, 700))
    regions = shown(WrongRegions(grid_of(truth)), truth, mapped)
    sizes = []
    for window in grid_of(truth).blocks(512):
        t, m = truth[window.slices], mapped[window.slices]
        numbers, _ = ndimage.label((t >= 0) & (m >= 0) & (t != m))
        sizes += np.bincount(numbers.ravel())[1:].tolist()
    assert [each.pixels for each in regions.largest] == sorted(sizes, reverse=True)[:10]


def test_parcels_are_counted_as_pixel_by_pixel():
    truth, mapped = positions()
    rows, cols = np.indices(SHAPE)
    numbers = (rows // 20) * 1000 + cols // 20
    mapped[:60] = -1
    mapped[200:215, 200:240] = -1  # most of them, and not all
    tally = ParcelTally(SimpleNamespace(read_parcels=lambda w: numbers[w.slices]), SHAPE[1])
    found = shown(tally, truth, mapped).counts(3)
    n, empty = np.zeros((3, 3), int), []
    for number in np.unique(numbers):
        inside = numbers == number
        label = truth[inside][0]
        if label < 0:
            continue
        said = mapped[inside][mapped[inside] >= 0]
        if said.size:
            n[label, np.bincount(said).argmax()] += 1
        else:
            empty.append(int(inside.sum()))
    assert found.confusion.n.tolist() == n.tolist()
    assert sorted((pixels for *_, pixels in found.unmapped), reverse=True) == sorted(empty, reverse=True)
    for row, col, pixels in found.unmapped:
        assert (numbers == numbers[row, col]).sum() == pixels
        assert (mapped[numbers == numbers[row, col]] == -1).all()
    assert found.total == n.sum() + len(empty)


def test_holes_are_counted_within_the_area():
    truth, mapped = positions()
    outside = np.zeros(SHAPE, bool)
    outside[:, 300:] = True
    holes = shown(HoleCount(grid_of(truth)), truth, mapped, outside).holes
    assert holes.pixels == (mapped[:, :300] == -1).sum()
    assert holes.of == SHAPE[0] * 300
    assert holes.share == holes.pixels / holes.of
    assert holes.hectares == pytest.approx(holes.pixels * 0.01, rel=2e-3)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["model", "dates", "scenes", "no_data", "seconds", "title", "x"]), inner, max_size=5
            )
        ),
        max_leaves=20,
    )
)
def test_any_record_beside_a_map_is_read_or_left_aside(tmp_path_factory, written):
    folder = tmp_path_factory.getbasetemp()
    Path(folder, "m.run.json").write_text(json.dumps(written), encoding="utf-8")
    told = map_record(str(folder / "m.tif"))
    assert (told is not None) == (isinstance(written, dict) and isinstance(written.get("model"), str))
    json.dumps(told, allow_nan=False)


def test_the_record_of_the_map_stands_in_the_report(tmp_path):
    truth, mapped = season((60, 60))
    record = {"model": "m1", "title": "The <model>", "dates": ["2020-05-01"], "scenes": [1, 2], "seconds": 3.5}
    record["no_data"] = {"without_class": 0.25, "advice": "Ask for more scenes."}
    (tmp_path / "m.run.json").write_text(json.dumps(record), encoding="utf-8")
    result, document = run(tmp_path, write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth))
    page = Path(result["report_html"]).read_text(encoding="utf-8")
    assert document["map_record"]["scenes"] == 2
    assert document["holes"]["filling"] == "Ask for more scenes."
    assert "The &lt;model&gt;" in page
    assert "Ask for more scenes." in page
    assert "2020-05-01 (2 scenes)" in page


def test_blocks_of_any_matrix_never_raise(tmp_path):
    """One pixel, one class."""
    truth, mapped = np.ones((1, 1), np.int32), np.ones((1, 1), np.int32)
    blocks = shown(Blocks(grid_of(truth)), truth, mapped)
    found = blocks.intervals([1])
    assert np.isnan(found.overall).all()
    assert blocks.densest(1, 1).window == Window(0, 0, 1, 1)
    assert Confusion.count(truth, mapped, 2).total == 1

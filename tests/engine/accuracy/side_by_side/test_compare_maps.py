"""Maps side by side: every figure equals scikit-learn's on the pixels that all have, whatever grids and codes."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import combinations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from crop_classifier_plugin.engine.accuracy.side_by_side.compare_maps import compare_maps
from crop_classifier_plugin.engine.accuracy.side_by_side.pairs import McNemar
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable, NoOverlap
from crop_classifier_plugin.shared.jobs.compare_maps import ClassMap, CompareMapsJob
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.diagnosis import UTM, grid_of, noisy, season, write, write_map

OTHER_CODES = Legend(  # the same crops, called and numbered otherwise
    (CropClass(9, "winter WHEAT", "#000001"), CropClass(1, "grain maize", "#000002"), CropClass(5, "Rye", "#000003"))
)
RECODED = np.array([0, 9, 1, 0, 5], np.uint8)  # wheat, maize, and sugar beet mapped as rye
ALIKE = {9: 1, 1: 2, 5: 8}  # in one numbering: rye is a class of its own


def run(tmp_path, maps, reference="", reporter=None, **options):
    reports = {f"report_{end}": str(tmp_path / f"r.{end}") for end in ("html", "json", "csv")}
    options = {"reference": LabelSource(reference) if reference else None} | reports | options
    compare_maps(CompareMapsJob(tuple(map(ClassMap, maps)), **options), reporter or Silent())
    return json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    truth, first = season((560, 530))
    second, third = noisy(truth, [0, 1, 2, 4], 5, 0.2), noisy(truth, [0, 1, 2, 4], 6, 0.4)
    recoded = RECODED[third]
    paths = [
        write_map(folder / "one.tif", first),
        write_map(folder / "two.tif", second),
        write_map(folder / "three.tif", recoded, OTHER_CODES),
    ]
    same_codes = np.vectorize(lambda code: ALIKE.get(code, 0))(recoded)
    return paths, [first, second, same_codes], write_map(folder / "truth.tif", truth), truth


def test_every_figure_equals_scikit_learn_on_the_pixels_that_all_have(place, tmp_path):
    paths, arrays, reference, truth = place
    found = run(tmp_path, paths, reference)
    known = np.logical_and.reduce([array != 0 for array in (*arrays, truth)])
    assert found["pixels"] == known.sum()
    assert sum(row["pixels"] for row in found["left_out"]) == (~known).sum()
    codes = [1, 2, 4, 8]
    assert [row["name"] for row in found["classes"]] == ["Winter wheat", "Maize", "Sugar <beet> & co", "Rye"]
    for row, array in zip(found["maps"], arrays):
        real, mapped = truth[known], array[known]
        assert row["matrix"] == metrics.confusion_matrix(real, mapped, labels=codes).tolist()
        assert row["figures"]["oa"] == pytest.approx(metrics.accuracy_score(real, mapped))
        assert row["figures"]["kappa"] == pytest.approx(metrics.cohen_kappa_score(real, mapped))
        f1 = metrics.f1_score(real, mapped, labels=codes[:3], average=None, zero_division=0)
        assert [score["f1"] for score in row["scores"]][:3] == pytest.approx(f1)
        assert row["compared_pixels"] == [(mapped == code).sum() for code in codes]
        hectares = [(array == code).sum() * 0.01 for code in codes]
        assert row["hectares"] == pytest.approx(hectares, rel=2e-3)  # a UTM pixel is not quite 100 square metres
    for row, (a, b) in zip(found["pairs"], combinations(arrays, 2)):
        assert row["agreement"] == pytest.approx((a == b)[known].mean())
        assert row["kappa"] == pytest.approx(metrics.cohen_kappa_score(a[known], b[known]))
        right = [(array == truth)[known] for array in (a, b)]
        assert row["mcnemar"]["only_first_right"] == (right[0] & ~right[1]).sum()
        assert row["mcnemar"]["only_second_right"] == (right[1] & ~right[0]).sum()


def test_all_three_reports_hold_the_same_numbers(place, tmp_path):
    paths, _, reference, _ = place
    found = run(tmp_path, paths, reference)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    tables = [list(csv.reader(io.StringIO(part))) for part in (tmp_path / "r.csv").read_text().split("\n\n")]
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page
    for row, line in zip(found["maps"], np.array(tables[0][1:]).T[1:]):
        assert [float(cell) for cell in line] == pytest.approx([row["figures"][k] for k in row["figures"]], abs=1e-6)
        for value in row["figures"].values():
            assert f"<td>{value:.3f}</td>" in page
    for column, row in enumerate(found["maps"], start=1):
        assert [float(line[column]) for line in tables[2][1:]] == pytest.approx(row["hectares"], abs=1e-6)
        assert all(f"<td>{value:,.1f}</td>" in page for value in row["hectares"])
        matrix = tables[4 + column][1:]
        assert [[int(cell) for cell in line[1:]] for line in matrix] == row["matrix"]
    for line, pair in zip(tables[4][1:], found["pairs"]):
        assert float(line[-1]) == pytest.approx(pair["mcnemar"]["p"], rel=1e-5)
        assert f"{pair['mcnemar']['only_first_right']:,}</td>" in page
    assert found["pixels"] == int(re.search(r'id="pixels">([\d,]+)<', page).group(1).replace(",", ""))


def test_without_a_reference_only_the_agreement_is_told(place, tmp_path):
    paths, arrays, *_ = place
    found = run(tmp_path, paths)
    known = np.logical_and.reduce([array != 0 for array in arrays])
    assert found["pixels"] == known.sum()
    assert found["pairs"][0]["mcnemar"] is None
    assert found["pairs"][0]["agreement"] == pytest.approx((arrays[0] == arrays[1])[known].mean())
    assert "No reference was given" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_finer_grid_of_the_same_ground_says_the_same_and_is_told_of(place, tmp_path):
    (one, two, _), arrays, reference, _ = place
    fine = np.kron(arrays[1], np.ones((2, 2), np.uint8))
    finer = write_map(tmp_path / "fine.tif", fine, grid=grid_of(fine, pixel=5.0))
    shifted = np.pad(arrays[1], ((0, 0), (7, 0)))[:, : arrays[1].shape[1]]  # the same ground, cut elsewhere
    beside = write_map(tmp_path / "cut.tif", shifted, grid=grid_of(shifted, x=600000.0 - 70))
    found = run(tmp_path, [one, two, finer, beside], reference)
    assert found["maps"][1]["matrix"] == found["maps"][2]["matrix"] == found["maps"][3]["matrix"]
    assert found["maps"][1]["hectares"][:3] == pytest.approx(found["maps"][2]["hectares"][:3], rel=1e-4)
    assert found["notes"] == ["fine.tif was brought onto the first map's grid by its nearest pixel."]
    assert found["pairs"][3]["agreement"] == 1


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_the_binomial_test_or_its_chi_squared(first, second):
    test = McNemar(first, second)
    total = first + second
    if total < 25:
        assert test.exact
        assert test.statistic is None
        exact = stats.binomtest(first, total).pvalue if total else 1.0
        assert test.p == pytest.approx(exact)
        return
    half = total / 2  # Yates's correction, of two cells
    statistic = sum(max(abs(each - half) - 0.5, 0) ** 2 / half for each in (first, second))
    assert test.statistic == pytest.approx(statistic)
    assert test.p == pytest.approx(stats.chi2(1).sf(statistic))


def test_what_cannot_be_compared_is_refused(place, tmp_path):
    (one, two, _), arrays, _reference, truth = place
    for maps, sentence in (([one], "one was given"), ([], "none was given"), ([one, one], "given twice")):
        with pytest.raises(BadInput, match=sentence):
            run(tmp_path, maps)
    far = write_map(tmp_path / "far.tif", arrays[0], grid=Grid(UTM, Affine(10, 0, 0, 0, -10, 1e5), *arrays[0].shape))
    with pytest.raises(NoOverlap, match="do not overlap"):
        run(tmp_path, [one, far])
    with pytest.raises(NoOverlap):
        run(tmp_path, [one, two], far)
    strange = Legend(tuple(CropClass(code, f"Strange {code}", "#000000") for code in range(1, 15)))
    other = write_map(tmp_path / "strange.tif", np.arange(truth.size).reshape(truth.shape) % 14 + 1, strange)
    with pytest.raises(LabelsUnusable, match=r"Strange 10 and 4 more\) is one of the other maps \(Maize, "):
        run(tmp_path, [one, other])
    with pytest.raises(LabelsUnusable, match=r"10 \(Strange 10\) and 4 more\) is a class of the maps \(Winter wheat, "):
        run(tmp_path, [one, two], other)
    known = run(tmp_path, [one, other], mapping=(("Strange 2", "Maize"),))
    assert known["classes"][1]["name"] == "Maize"
    half = arrays[0].copy()
    half[:, : half.shape[1] // 2] = 0
    left = np.where(half == 0, arrays[0], 0)
    maps = [write_map(tmp_path / "right.tif", half), write_map(tmp_path / "left.tif", left)]
    with pytest.raises(LabelsUnusable, match="No pixel has a class in all that was given"):
        run(tmp_path, maps)


def test_a_reference_class_that_no_map_has_counts_as_wrong(place, tmp_path):
    (one, two, _), arrays, _, truth = place
    rare = truth.copy()
    rare[100:200, 100:200] = 77
    found = run(tmp_path, [one, two], write(tmp_path / "rare.tif", rare))
    known = (arrays[0] != 0) & (arrays[1] != 0) & (rare != 0)
    assert found["classes"][-1]["name"] == "77"
    assert any("none has such a class: 77: " in note for note in found["notes"])
    assert found["maps"][0]["figures"]["oa"] == pytest.approx((arrays[0] == rare)[known].mean())


def test_classes_that_only_one_map_has_are_said(place, tmp_path):
    paths, *_ = place
    found = run(tmp_path, paths)
    assert found["notes"] == [
        "Only three.tif has the classes Rye: if they are other words for classes of the other maps, say which means "
        "which in the mapping."
    ]

"""Evaluation of fused images: the figures against definitions written out, the reports, and bad input."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.fusion.evaluation.job import evaluate
from crop_classifier_plugin.engine.fusion.evaluation.metrics import ErrorTally, ssim_map
from crop_classifier_plugin.shared.errors import BadInput, CropClassifierError
from crop_classifier_plugin.shared.jobs.fusion import EvaluateFusionJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.rasters import write_raster

NAMES = ("fused", "truth", "fine", "coarse")


def slow_ssim(a: np.ndarray, b: np.ndarray, length: float) -> float:
    """Mean SSIM by its definition, window by window."""
    y, x = np.mgrid[-5:6, -5:6]
    w = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    w /= w.sum()
    c1, c2 = (0.01 * length) ** 2, (0.03 * length) ** 2
    found = []
    for row in range(a.shape[0] - 10):
        for col in range(a.shape[1] - 10):
            p, q = a[row : row + 11, col : col + 11], b[row : row + 11, col : col + 11]
            mp, mq = (w * p).sum(), (w * q).sum()
            vp, vq, cov = (w * (p - mp) ** 2).sum(), (w * (q - mq) ** 2).sum(), (w * (p - mp) * (q - mq)).sum()
            found.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
    return float(np.nanmean(found))


def make(seed: int = 0, shape: tuple[int, int] = (30, 40)) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.kron(rng.uniform(0.1, 0.5, (6, 8)), np.ones((5, 5)))[: shape[0], : shape[1]]
    noise = {"fused": 0.03, "truth": 0.0, "fine": 0.1}
    found = {name: (truth + rng.normal(0, sd, shape) if sd else truth) for name, sd in noise.items()}
    found["fused"] = found["fused"] + 0.02
    found["fused"][2, 3] = np.nan
    found["coarse"] = truth.reshape(6, 5, 8, 5).mean((1, 3)) - 0.05
    return {name: image.astype(np.float32) for name, image in found.items()}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    days = {"fused": "2024-07-01", "truth": "2024-07-01", "fine": "2024-06-01", "coarse": "2024-07-01"}
    for name, image in make().items():
        pixel = 50.0 if name == "coarse" else 10.0
        write_raster(tmp_path / f"{name}.tif", image[None], names=[f"NDVI {days[name]}"], nodata=np.nan, pixel=pixel)
    return tmp_path


def job(place: Path, **changes: Any) -> EvaluateFusionJob:
    images: dict[str, Any] = {name: SceneSource(str(place / f"{name}.tif")) for name in NAMES}
    reports = {f"report_{kind}": str(place / "out" / f"r.{kind}") for kind in ("html", "json", "csv")}
    images["fine"] = (images["fine"],)
    return EvaluateFusionJob(**(images | reports | changes))


def test_figures_are_their_definitions(place: Path) -> None:
    reporter = Silent()
    result = evaluate(job(place), reporter)
    report = json.loads((place / "out" / "r.json").read_text())
    images = {k: v.astype(np.float64) for k, v in make().items()}
    truth = np.where(np.isnan(images["fused"]), np.nan, images["truth"])
    for row, name in zip(report["images"], ("fused", "fine")):
        error = images[name] - truth
        assert row["rmse"] == pytest.approx(np.sqrt(np.nanmean(error**2)), abs=1e-6)
        assert row["bias"] == pytest.approx(np.nanmean(error), abs=1e-6)
        known = ~np.isnan(error)
        assert row["correlation"] == pytest.approx(np.corrcoef(images[name][known], truth[known])[0, 1], abs=1e-6)
        assert row["ssim"] == pytest.approx(slow_ssim(truth, images[name], 2.0), abs=1e-6)
        assert row["ssim_255"] == pytest.approx(slow_ssim(truth, images[name], 255.0), abs=1e-6)
    assert report["pixels"] == 30 * 40 - 1
    assert report["ssim"]["data_range"] == 2
    assert result["rmse"] == report["images"][0]["rmse"]
    assert [r["name"] for r in report["images"]] == [
        "fused image (2024-07-01)",
        "nearest fine image (2024-06-01)",
        "coarse image resampled (2024-07-01)",
    ]
    assert any("(L = 2)" in text for _, text in reporter.lines)


def test_fine_images_before_and_after_are_interpolated_in_time(place: Path) -> None:
    """As numpy.interp does, pixel by pixel; where the later image is clouded, an even later one is taken."""
    rng = np.random.default_rng(7)
    days = {"2024-05-01": -61, "2024-06-01": -30, "2024-07-05": 4, "2024-07-21": 20}
    series = np.stack([make()["fine"] + rng.normal(0, 0.05, (30, 40)) for _ in days]).astype(np.float32)
    series[2, :5] = np.nan
    for day, image in zip(days, series):
        write_raster(place / "f" / f"{day}.tif", image[None], names=[f"NDVI {day}"], nodata=np.nan)
    evaluate(job(place, fine=(SceneSource(str(place / "f")),)), Silent())
    report = json.loads((place / "out" / "r.json").read_text())
    _, near, between, _ = report["images"]
    assert near["name"] == "nearest fine image (2024-07-05)"
    assert between["name"] == "fine images interpolated in time (2024-06-01, 2024-07-05)"
    known = ~np.isnan(make()["fused"]) & ~np.isnan(series[2])
    assert report["pixels"] == known.sum()
    truth, xs = make()["truth"].astype(np.float64), np.array(list(days.values()))
    expected = np.full(truth.shape, np.nan)
    for row, col in zip(*np.nonzero(known)):
        clear = ~np.isnan(series[:, row, col])
        expected[row, col] = np.interp(0, xs[clear], series[clear, row, col].astype(np.float64))
    assert between["rmse"] == pytest.approx(np.sqrt(np.nanmean((expected - truth)[known] ** 2)), abs=1e-6)
    assert near["rmse"] == pytest.approx(np.sqrt(np.mean((series[2] - truth)[known] ** 2)), abs=1e-6)


def test_fusion_that_does_not_pay_is_said(place: Path) -> None:
    reporter = Silent()
    evaluate(job(place), reporter)
    assert any("Fine images lie on one side of 2024-07-01 only: give one before" in text for _, text in reporter.lines)
    assert any("the fused image is better than all that needs no fusion." in text for _, text in reporter.lines)
    truth = make()["truth"]
    for day, step in (("2024-06-21", -0.1), ("2024-07-11", 0.1)):  # they change by equal steps: their mean is the truth
        write_raster(place / "g" / f"{day}.tif", truth[None] + np.float32(step), names=[f"NDVI {day}"], nodata=np.nan)
    reporter = Silent()
    evaluate(job(place, fine=(SceneSource(str(place / "g")),)), reporter)
    verdict = reporter.lines[-1][1]
    assert "no better than: fine images interpolated in time (2024-06-21, 2024-07-11)." in verdict
    assert verdict.endswith("Fusion does not pay here.")
    assert verdict in (place / "out" / "r.html").read_text()


@pytest.mark.parametrize("length", [2.0, 255.0])
def test_slow_ssim_is_torchmetrics_ssim(length: float) -> None:
    images = make()
    truth, last = (images[name].astype(np.float64) for name in ("truth", "fine"))
    pair = (torch.from_numpy(v)[None, None] for v in (truth, last))
    _, full = structural_similarity_index_measure(*pair, data_range=length, return_full_image=True)
    inside = full[0, 0, 5:-5, 5:-5].mean()  # where the window lies in the image whole
    assert slow_ssim(truth, last, length) == pytest.approx(float(inside), abs=1e-6)


def test_three_reports_say_the_same(place: Path) -> None:
    evaluate(job(place, data_range=1.5), Silent())
    report = json.loads((place / "out" / "r.json").read_text())
    rows = list(csv.DictReader((place / "out" / "r.csv").open()))
    page = (place / "out" / "r.html").read_text()
    for told, row in zip(report["images"], rows, strict=True):
        assert float(row["rmse"]) == pytest.approx(told["rmse"], abs=1e-6)
        assert float(row["ssim_data_range"]) == 1.5
        assert f"<td>{told['rmse']:.4f}</td>" in page
    assert "L = 1.5" in page
    assert "<script" not in page
    assert "http" not in page
    plots = [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]
    assert len(plots) == 3
    assert all(len(plot.findall("rect")) > 20 for plot in plots)


def test_windows_make_no_difference() -> None:
    """Sums of parts, each with its context, equal those of the whole."""
    images = make(1)
    truth, estimate = (np.pad(images[n].astype(np.float64), 5, constant_values=np.nan) for n in ("truth", "fused"))
    inner = (slice(5, -5), slice(5, -5))
    whole, parts = ErrorTally(2.0, -1, 2), ErrorTally(2.0, -1, 2)
    whole.add(truth, estimate, inner)
    for start, stop in ((0, 17), (17, 40)):
        cut = (slice(None), slice(start, stop + 10))
        parts.add(truth[cut], estimate[cut], inner)
    assert parts.pixels == whole.pixels
    assert parts.figures().rmse == pytest.approx(whole.figures().rmse, abs=1e-12)
    assert parts.figures().ssim == pytest.approx(whole.figures().ssim, abs=1e-12)
    np.testing.assert_array_equal(parts.scatter, whole.scatter)


def test_the_image_itself_is_perfect() -> None:
    image = make(2)["truth"].astype(np.float64)
    tally = ErrorTally(2.0, 0, 1)
    tally.add(image, image, (slice(None), slice(None)))
    figures = tally.figures()
    assert figures.rmse == pytest.approx(0, abs=1e-7)
    assert (figures.bias, figures.correlation) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    np.testing.assert_allclose(ssim_map(image, image, 2.0), 1)


def rewrite(place: Path, name: str, **changes: Any) -> dict[str, Any]:
    settings = {"names": ["NDVI 2024-07-01"], "nodata": np.nan} | changes
    factor = settings.pop("factor", 1)
    image = make()[name][None] * np.float32(factor)
    write_raster(place / f"{name}.tif", image, **settings)
    return {}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda p: rewrite(p, "truth", names=["NDVI 2024-07-02"]), "the real image of 2024-07-02"),
        (lambda p: rewrite(p, "truth", names=["NDVI"]), "No acquisition date for truth.tif"),
        (lambda p: rewrite(p, "truth", factor=10_000), "NDVI lies within -1 and 1"),
        (lambda p: rewrite(p, "fine"), "The fine image is of 2024-07-01 like the fused one"),
        (lambda p: rewrite(p, "coarse", crs="EPSG:32633", pixel=50.0), "do not overlap"),
        (lambda p: rewrite(p, "fused", factor=np.nan), "No pixel has a value in all of the images"),
        (lambda p: {"report_csv": str(p / "truth.tif")}, "would replace an input"),
        (lambda p: {"band": "EVI"}, "No fused image has the band EVI (found: NDVI)"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(place: Path, spoil: Any, says: str) -> None:
    changed = job(place, **spoil(place))
    with pytest.raises(CropClassifierError) as caught:
        evaluate(changed, Silent())
    assert says in caught.value.sentence
    assert not [p for p in place.rglob("*") if p.is_file() and p.suffix != ".tif"]


def test_reports_must_be_named(place: Path) -> None:
    with pytest.raises(BadInput, match="No output was named"):
        job(place, report_csv="")
    with pytest.raises(BadInput, match="No fine image of another day"):
        job(place, fine=())
    with pytest.raises(BadInput, match="data range"):
        job(place, data_range=-1.0)

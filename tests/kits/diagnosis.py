"""What the tests of the diagnosis share: maps with known errors, and a run of the whole thing."""

import json
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from sklearn import metrics

from crop_classifier_plugin.engine.accuracy.diagnosis.job import diagnose
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter
from crop_classifier_plugin.shared.class_choice import ClassChoice
from crop_classifier_plugin.shared.jobs.accuracy import CompareLimits, DiagnoseJob
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from crop_classifier_plugin.shared.legend import CropClass, Legend

UTM = CRS.from_epsg(32631)
LEGEND = Legend(
    (
        CropClass(1, "Winter wheat", "#e6b422", ("1110",)),
        CropClass(2, "Maize", "#f7d34a", ("1200", "grain maize")),
        CropClass(4, "Sugar <beet> & co", "#c8475d"),
        CropClass(7, "Never seen", "#123456"),
    )
)


def grid_of(array, x=600000.0, y=5600000.0, pixel=10.0, crs=UTM):
    return Grid(crs, Affine(pixel, 0, x, 0, -pixel, y), *array.shape)


def write(path, array, grid=None, nodata=0, **options):
    """A plain GeoTIFF that says nothing about its values."""
    grid = grid or grid_of(array)
    profile = {"driver": "GTiff", "count": 1, "height": grid.height, "width": grid.width, "dtype": array.dtype}
    profile |= {"crs": grid.crs, "transform": grid.transform, "nodata": nodata} | options
    with rasterio.open(path, "w", **profile) as file:
        file.write(array, 1)
    return str(path)


def write_map(path, array, legend=LEGEND, grid=None):
    grid = grid or grid_of(array)
    with RasterWriter(str(path), grid, RasterSpec.classes(legend, "crop")) as writer:
        writer.write(array.astype(writer.spec.dtype), Window(0, 0, *array.shape))
    return str(path)


def job(tmp_path, crop_map, reference, **options):
    out = tmp_path / "out"
    places = {"agreement": "agreement.tif", "report_html": "r.html", "report_json": "r.json", "report_csv": "r.csv"}
    places = {key: str(out / name) for key, name in places.items()}
    labels = LabelSource(
        str(reference),
        class_field=options.pop("class_field", ""),
        crs=options.pop("reference_crs", ""),
        choice=options.pop("choice", ClassChoice()),
    )
    if "leave_out_missing" in options:
        options["limits"] = CompareLimits(leave_out_missing=options.pop("leave_out_missing"))
    return DiagnoseJob(str(crop_map), labels, str(out), **places | options)


def run(tmp_path, crop_map, reference, reporter=None, **options):
    """The result and the report's document."""
    result = diagnose(job(tmp_path, crop_map, reference, **options), reporter or Silent())
    return result, json.loads(Path(result["report_json"]).read_text(encoding="utf-8"))


def noisy(truth, codes, seed=3, share=0.3):
    rng = np.random.default_rng(seed)
    wrong = rng.random(truth.shape) < share
    return np.where(wrong, rng.choice(codes, truth.shape), truth).astype(np.uint8)


def season(shape=(700, 600), seed=0):
    """Truth in blocks larger than a pixel, and a map of it with errors and holes; both hold 1, 2, 4 and 0."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice([0, 1, 2, 4], (shape[0] // 20 + 1, shape[1] // 20 + 1), p=[0.1, 0.4, 0.3, 0.2])
    truth = np.kron(coarse, np.ones((20, 20), int))[: shape[0], : shape[1]].astype(np.uint8)
    return truth, noisy(truth, [0, 1, 2, 4], seed + 1)


def sklearn_matrix(truth, mapped, codes):
    both = (truth != 0) & (mapped != 0)
    return metrics.confusion_matrix(truth[both], mapped[both], labels=codes).tolist()


def read(path):
    with rasterio.open(path) as file:
        return file.read(1)

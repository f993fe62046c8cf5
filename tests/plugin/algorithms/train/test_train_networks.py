"""The training of each network in QGIS: what the dialogs ask becomes the job."""

import shutil

import pytest
from osgeo import gdal
from qgis.core import QgsProcessingFeedback

from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.months import month_of


@pytest.mark.parametrize(
    ("field", "month"),
    [("Oct_2019", "2019-10"), ("may2020", "2020-05"), ("2019_10", "2019-10"), ("September 2020", "2020-09"),
     ("crop", ""), ("2019_13", ""), ("code_120191", "")],
)  # fmt: skip
def test_months_are_read_off_the_names_of_fields(field, month):
    assert month_of(field) == month


def job_of(provider, name, context, season, tmp_path, **given):
    algorithm = provider.algorithm(name).create()
    parameters = {
        "INPUT": season["SCENES"], "LABELS": season["PARCELS"], "FIELD": "crop_name",
        "MODEL_FOLDER": str(tmp_path / "m"), **given,
    }  # fmt: skip
    return algorithm.job(parameters, context, algorithm.inputs(parameters, context, QgsProcessingFeedback()))


def test_each_network_has_its_own_choices(provider, context, season, tmp_path):
    two = job_of(provider, "train_attention_3dcnn", context, season, tmp_path, SPLIT=1, SAMPLES=50, OPTICAL_DROPOUT=0.2)
    assert (two.network.name, two.split.method, two.split.samples_per_class, two.split.block) == (
        "attention_3dcnn",
        "block",
        50,
        0,
    )
    assert two.optim.augmentation.optical_dropout == pytest.approx((0.1, 0.2))
    forest = job_of(provider, "train_random_forest", context, season, tmp_path, TREES=7)
    assert (forest.network.name, dict(forest.network.settings)["trees"], forest.split.validation) == (
        "random_forest",
        "7",
        0.0,
    )
    sts = job_of(provider, "train_cropsts", context, season, tmp_path, FROZEN=True, START=str(tmp_path))
    assert (sts.network.frozen, sts.network.start) == (("encoder",), str(tmp_path))
    months = job_of(provider, "train_unet_convlstm", context, season, tmp_path)
    assert (months.network.name, months.model_inputs.bands, months.labels.class_field) == (
        "vunet_convlstm",
        ("VV", "VH"),
        "crop_name",
    )
    lrtacf = job_of(provider, "train_lrtacf_net", context, season, tmp_path, SPLIT=1, BLOCK=250, START=str(tmp_path))
    assert (lrtacf.split.method, lrtacf.split.block, lrtacf.network.start) == ("block", 250, str(tmp_path))
    assert dict(lrtacf.network.settings) == {"preset": "small"}


def test_class_rasters_by_month_are_layers_with_months_or_a_layer_with_bands(provider, context, season, tmp_path):
    given = {"LABELS": None, "FIELD": None}
    copies = [str(tmp_path / name) for name in ("crops_2019_11.tif", "Oct_2019.tif")]
    for path in copies:
        shutil.copyfile(season["TRUTH"], path)
    job = job_of(provider, "train_unet_convlstm", context, season, tmp_path, LABEL_RASTERS=copies, **given)
    assert job.labels.months == ("2019-10", "2019-11")
    assert job.labels.rasters == tuple(reversed(copies))
    gdal.BuildVRT(str(tmp_path / "months.vrt"), copies, separate=True)
    stack = gdal.Open(str(tmp_path / "months.vrt"), gdal.GA_Update)
    for band, name in enumerate(("Oct_2019", "2019-11"), start=1):
        stack.GetRasterBand(band).SetDescription(name)
    del stack
    given["LABEL_RASTERS"] = [str(tmp_path / "months.vrt")]
    job = job_of(provider, "train_unet_convlstm", context, season, tmp_path, **given)
    assert [(raster.month, raster.band) for raster in job.labels.month_rasters] == [("2019-10", 1), ("2019-11", 2)]
    with pytest.raises(BadInput, match="no other labels"):
        job_of(provider, "train_unet_convlstm", context, season, tmp_path, LABEL_RASTERS=copies)
    given["LABEL_RASTERS"] = [season["TRUTH"]]
    with pytest.raises(BadInput, match=r"Neither the layer .* nor its band 1 names a month"):
        job_of(provider, "train_unet_convlstm", context, season, tmp_path, **given)

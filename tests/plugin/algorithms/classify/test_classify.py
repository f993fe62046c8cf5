"""The classify algorithms of two series and of months, with the real engine and models made for the test."""

import html
import re
import subprocess
from pathlib import Path

import pytest
from osgeo import gdal
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsLayerNotesUtils,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
)

from crop_classifier_plugin.bridge import runner
from crop_classifier_plugin.bridge.styling import LayerStyle, LayerStyler
from kits.paths import REPOSITORY
from kits.plugin.qgis import Recorder, plugged_in, run, values

MODELS = """
import sys
sys.path[:0] = [{repo!r}, {repo!r} + "/tests"]
from pathlib import Path
from kits.networks import series_network
folder = Path({folder!r})
series_network.write_model(folder / "both", min_dates=1, network="attention_3dcnn")
for name in ("cropsts", "random_forest", "lrtacf_net"):
    series_network.write_model(folder / name, min_dates=1, network=name)
radar = dict(bands=("VV", "VH"), mean=(-10.0, -17.0), std=(3.0, 3.0), reduce="mean", pixel_size=20.0)
radar |= dict(doy=0.02, monthly=True, min_dates=1, network="vunet_convlstm")
series_network.write_model(folder / "months", two=False, **radar)
"""


@pytest.fixture(scope="module")
def models(engine, tmp_path_factory):
    """Folders of a model of two series, and of one of months."""
    folder = tmp_path_factory.mktemp("models")
    code = MODELS.format(repo=str(REPOSITORY), folder=str(folder))
    subprocess.run([str(engine), "-c", code], check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def scenes(engine, tmp_path_factory):
    """A small season with Sentinel-1: the optical scenes, the radar scenes."""
    plugin = plugged_in()
    folder = tmp_path_factory.mktemp("season")
    asked = {"FOLDER": str(folder), "WIDTH": 64, "HEIGHT": 64, "MODIS": False, "SENTINEL1": True, "CLOUD_SHARE": 0.2}
    results = run("simulate_season", {**asked, "DATES": "2024-05-12,2024-06-10,2024-07-14"}, QgsProcessingContext())
    plugin.unload()
    radar = sorted(str(p) for p in folder.rglob("S1*.tif"))
    assert radar
    return results["SCENES"], radar


@pytest.mark.parametrize("algorithm", ["classify_attention_3dcnn", "classify_model"])
def test_two_series_make_a_map_and_either_may_be_missing(provider, context, models, scenes, tmp_path, algorithm):
    optical, radar = scenes
    both = {"INPUT": optical, "RADAR": radar, "MODEL_FOLDER": str(models / "both")}
    maps = []
    for lacking in ("", "INPUT", "RADAR"):
        given = {name: value for name, value in both.items() if name != lacking}
        feedback, output = Recorder(), str(tmp_path / f"map{lacking}.tif")
        assert run(algorithm, {**given, "OUTPUT": output}, context, feedback) == {"OUTPUT": output}
        assert any("works without" in line for line in feedback.warnings) == bool(lacking)
        maps.append(values(output))
        assert any(maps[-1])
    assert maps[0] != maps[1]
    with pytest.raises(QgsProcessingException, match="No raster"):
        run(algorithm, {"MODEL_FOLDER": both["MODEL_FOLDER"], "OUTPUT": str(tmp_path / "none.tif")}, context)


def test_attention_is_written_beside_the_map(provider, context, models, scenes, tmp_path):
    told = {"ATTENTION": str(tmp_path / "a.csv"), "ATTENTION_PLOT": str(tmp_path / "a.html")}
    given = {"INPUT": scenes[0], "RADAR": scenes[1], "MODEL_FOLDER": str(models / "both")}
    output = str(tmp_path / "map.tif")
    assert run("classify_attention_3dcnn", {**given, **told, "OUTPUT": output}, context) == {"OUTPUT": output, **told}
    lines = Path(told["ATTENTION"]).read_text().splitlines()
    assert len(lines) == 1 + 3 * 3
    assert "<svg" in Path(told["ATTENTION_PLOT"]).read_text()


@pytest.mark.parametrize("algorithm", ["classify_unet_convlstm", "classify_model"])
def test_months_make_a_map_each_that_the_temporal_controller_shows(
    provider, context, models, scenes, tmp_path, algorithm
):
    folder = tmp_path / "maps"
    asked = {"INPUT": scenes[1], "MODEL_FOLDER": str(models / "months"), "MONTHS": "2024-06 to 2024-07"}
    results = run(algorithm, {**asked, "FOLDER": str(folder), "CONFIDENCE_MAPS": True}, context)
    paths = [str(folder / f"crop_map_2024-{month}.tif") for month in ("06", "07")]
    assert results == {"FOLDER": str(folder), "MAPS": paths}
    assert (folder / "confidence_2024-06.tif").is_file()
    assert sorted(context.layersToLoadOnCompletion()) == paths
    for path, first, last in zip(paths, ("2024-06-01", "2024-07-01"), ("2024-06-30", "2024-07-31")):
        layer = QgsRasterLayer(path, Path(path).stem)
        QgsProject.instance().addMapLayer(layer)
        LayerStyler(LayerStyle(path, "map", "maps")).postProcessLayer(layer, context, Recorder())
        times = layer.temporalProperties()
        assert times.isActive()
        assert times.mode() == Qgis.RasterTemporalMode.FixedTemporalRange
        shown = times.fixedTemporalRange()
        assert (shown.begin().date().toString("yyyy-MM-dd"), shown.end().date().toString("yyyy-MM-dd")) == (first, last)
        assert layer.renderer().type() == "paletted"


def test_a_month_that_cannot_be_mapped_is_told_in_a_sentence(provider, context, models, scenes, tmp_path):
    asked = {"INPUT": scenes[1], "MODEL_FOLDER": str(models / "months"), "FOLDER": str(tmp_path / "maps")}
    with pytest.raises(QgsProcessingException, match=r"target month 2021-06"):
        run("classify_unet_convlstm", {**asked, "MONTHS": "2021-06"}, context)
    with pytest.raises(QgsProcessingException, match="write 2020-03"):
        run("classify_unet_convlstm", {**asked, "MONTHS": "June"}, context)
    assert not list((tmp_path / "maps").glob("*.tif"))


def test_the_job_of_each_algorithm(provider, context, scenes, models, tmp_path, monkeypatch):
    """What reaches the engine: no output that was not asked for."""
    jobs = []
    answer = {"outputs": {"group": "g", "maps": []}}
    monkeypatch.setattr(runner, "run", lambda job, feedback, reads: jobs.append(job) or answer)
    given = {"INPUT": scenes[0], "MODEL_FOLDER": str(models / "both"), "OUTPUT": str(tmp_path / "m.tif")}
    for name in ("attention_3dcnn", "model"):
        run(f"classify_{name}", given, context)
    for name in ("cropsts", "random_forest", "lrtacf_net"):
        run(f"classify_{name}", {**given, "MODEL_FOLDER": str(models / name)}, context)
    assert {(job.written.class_map, job.written.folder, job.written.attention, job.months) for job in jobs} == {
        (given["OUTPUT"], "", "", ())
    }
    by_month = {**given, "MODEL_FOLDER": str(models / "months"), "FOLDER": str(tmp_path / "f")}
    run("classify_model", {**by_month, "MONTHS": "2020-03, 2020-11 to 2021-01"}, context)
    assert (jobs[-1].written.class_map, jobs[-1].written.folder) == ("", str(tmp_path / "f"))
    assert jobs[-1].months == ("2020-03", "2020-11", "2020-12", "2021-01")


@pytest.mark.parametrize(
    ("algorithm", "model", "others", "said"),
    [
        ("classify_attention_3dcnn", "random_forest", {}, "is of the network Random forest, and this algorithm is for"),
        ("classify_cropsts", "both", {}, "is of the network Attention-3DCNN, and this algorithm is for CropSTS: use"),
        ("classify_model", "months", {"RADAR": True}, "takes one series"),
        ("classify_model", "both", {"MONTHS": "2024-06"}, "maps a season, not single months"),
        ("classify_model", "nowhere", {}, "cannot be used .it has no model.json"),
    ],
)
def test_what_a_model_cannot_map_is_refused_before_the_run(
    provider, context, models, scenes, tmp_path, algorithm, model, others, said
):
    given = {"INPUT": scenes[0], "MODEL_FOLDER": str(models / model), "OUTPUT": str(tmp_path / "map.tif"), **others}
    if "RADAR" in others:
        given["RADAR"] = scenes[1]
    made = QgsApplication.processingRegistry().createAlgorithmById(f"cropclassifier:{algorithm}")
    ok, message = made.checkParameterValues(given, context)
    assert not ok
    assert re.search(said, message)


def test_what_speaks_against_the_model_stays_with_the_layer(provider, context, models, scenes, tmp_path):
    """The model was made for the test on real scenes, as its card says, and the scenes are simulated."""
    feedback, output = Recorder(), str(tmp_path / "map.tif")
    project = QgsProject.instance()
    details = QgsProcessingContext.LayerDetails("map", project, "OUTPUT")
    context.setProject(project)
    context.addLayerToLoadOnCompletion(output, details)
    given = {"INPUT": scenes[0], "RADAR": scenes[1], "MODEL_FOLDER": str(models / "both"), "OUTPUT": output}
    run("classify_attention_3dcnn", given, context, feedback)
    (said,) = [line for line in feedback.warnings if "trained on real scenes, and the series is simulated" in line]
    layer = QgsRasterLayer(output, "map")
    context.layerToLoadOnCompletionDetails(output).postProcessor().postProcessLayer(layer, context, feedback)
    assert said in html.unescape(QgsLayerNotesUtils.layerNotes(layer))
    assert said in layer.metadata().abstract()


def test_the_model_that_fits_is_taken_where_none_is_chosen(provider, context, scenes, tmp_path):
    """The season is simulated, as what CropSTS's shipped model was trained on; of LRTACF-Net's windows it lacks one."""
    assert provider.algorithm("classify_cropsts").parameterDefinition("MODEL").defaultValue() is None
    feedback, output = Recorder(), str(tmp_path / "map.tif")
    run("classify_cropsts", {"INPUT": scenes[0], "OUTPUT": output}, context, feedback)
    assert any("No model was chosen: CropSTS on simulated seasons is taken" in line for line in feedback.infos)
    assert any(values(output))
    with pytest.raises(QgsProcessingException, match=r"None of the models .* fits this series.* dates"):
        run("classify_lrtacf_net", {"INPUT": scenes[0], "OUTPUT": str(tmp_path / "none.tif")}, context)
    assert not (tmp_path / "none.tif").exists()


def test_pixels_too_coarse_for_the_model_are_refused_before_the_run(provider, context, models, scenes, tmp_path):
    coarse = []
    for path in scenes[0]:
        coarse.append(str(tmp_path / Path(path).name))
        gdal.Translate(coarse[-1], str(path), xRes=20, yRes=20)
    made = QgsApplication.processingRegistry().createAlgorithmById("cropclassifier:classify_cropsts")
    given = {"INPUT": coarse, "MODEL_FOLDER": str(models / "cropsts"), "OUTPUT": str(tmp_path / "map.tif")}
    ok, message = made.checkParameterValues(given, context)
    assert not ok
    assert re.search(r"\(.*S2.*\) has pixels of 19.* m, the model .* was made for 10 m", message)
    assert made.checkParameterValues({**given, "INPUT": scenes[0]}, context)[0]

"""Bad input, Cancel and death with the real engine: one sentence, and no half-written file."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from qgis.core import QgsProcessingException, QgsProcessingOutputLayerDefinition, QgsRasterLayer

from crop_classifier_plugin.bridge import engine_process, runner
from crop_classifier_plugin.shared.choices import MASKS
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.sources import Series
from kits.paths import REPOSITORY
from kits.plugin.qgis import Recorder, run


def truncated(inputs, folder):
    path = Path(inputs["INPUT"][0])
    cut = folder / path.name
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return {"INPUT": [str(cut), *inputs["INPUT"][1:]]}, cut.name


def not_there(inputs, folder):
    return {"INPUT": [*inputs["INPUT"], str(folder / "gone_20240501.tif")]}, "gone_20240501.tif"


def missing_band(inputs, folder):
    return {"INPUT": [path for path in inputs["INPUT"] if "10m" in Path(path).name]}, "needs .*lacks"


def too_few_dates(inputs, folder):
    return {"INPUT": inputs["INPUT"][:2]}, "needs .* dates"


def elsewhere(inputs, folder):
    return {"EXTENT": "0,10,0,10 [EPSG:32631]"}, "do not overlap"


def unknown_model(inputs, folder):
    names = "lrtacfnet_flanders .*lrtacfnet_simulated_season"
    return {"MODEL": "gone"}, f"The model 'gone' is not one of {names}"


def unknown_model_number(inputs, folder):
    return {"MODEL": 99}, "The model '99' is not one of lrtacfnet_flanders"


def mask_layers_without_their_mask(inputs, folder):
    return {"MASK_LAYERS": inputs["INPUT"][:1]}, "^Mask layers were given, but .*'The mask layers' in QGIS"


def mask_without_its_layers(inputs, folder):
    return {"MASK": list(MASKS).index("layer")}, "needs mask layers"


def altered_model(inputs, folder):
    copy = shutil.copytree(REPOSITORY / "models" / inputs["MODEL"], folder / "altered")
    with open(copy / "model.onnx", "ab") as file:
        file.write(b"!")
    return {"MODEL_FOLDER": str(copy)}, "not the file its card describes"


def no_folder(inputs, folder):
    (folder / "file").touch()
    return {"OUTPUT": str(folder / "file" / "map.tif")}, "Cannot write"


@pytest.mark.parametrize(
    "spoil",
    [
        truncated,
        not_there,
        missing_band,
        too_few_dates,
        elsewhere,
        unknown_model,
        unknown_model_number,
        mask_layers_without_their_mask,
        mask_without_its_layers,
        altered_model,
        no_folder,
    ],
    ids=lambda f: f.__name__,
)
def test_bad_input_is_one_sentence_and_no_file(inputs, context, tmp_path, spoil):
    (tmp_path / "in").mkdir()
    changed, said = spoil(inputs, tmp_path / "in")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(QgsProcessingException, match=said) as caught:
        run("classify_lrtacf_net", inputs | changed, context)
    assert "Traceback" not in str(caught.value)
    left = [p.name for p in tmp_path.rglob("*") if p not in before and not p.name.endswith(".aux.xml")]
    assert left == []


def test_map_in_the_place_of_a_scene_is_refused_and_the_scene_stays(inputs, context, tmp_path):
    copies = [Path(shutil.copy(path, tmp_path)) for path in inputs["INPUT"]]
    before = [path.read_bytes() for path in copies]
    taken = {"INPUT": [str(path) for path in copies], "OUTPUT": str(copies[0])}
    with pytest.raises(QgsProcessingException, match="would replace an input"):
        run("classify_lrtacf_net", inputs | taken, context)
    assert [path.read_bytes() for path in copies] == before


@pytest.mark.parametrize("sink", [str, QgsProcessingOutputLayerDefinition], ids=["text", "definition"])
def test_relative_output_of_a_killed_engine_leaves_nothing(provider, fake, context, tmp_path, monkeypatch, sink):
    """As `qgis_process run ... OUTPUT=map.tif` gives it: the path means a file of the working folder."""
    monkeypatch.chdir(tmp_path)
    fake("killed")
    Path("in").mkdir()
    Path("in/s_20240501.asc").write_text("ncols 1\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\n1\n")
    with pytest.raises(QgsProcessingException, match="killed by SIGKILL"):
        run("classify_lrtacf_net", {"INPUT": ["in/s_20240501.asc"], "OUTPUT": sink("map.tif")}, context)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".truth.1.part.tif", "in"]  # not ours: of another process


@pytest.mark.parametrize(
    ("algorithm", "refuses"),
    [
        ("classify_lrtacf_net", Series),
        ("composite", Series),
        ("fill_gaps", Series),
        ("index", Series),
        ("align_series", Series),
    ],
)
def test_what_a_job_refuses_is_told_word_by_word(provider, context, tmp_path, monkeypatch, algorithm, refuses):
    def refuse(job):
        raise BadInput(f"{len(job.mask_layers)} mask layer and the mask {job.mask!r} do not go together: drop one.")

    monkeypatch.setattr(refuses, "__post_init__", refuse)
    scene = tmp_path / "s_20240501.asc"
    scene.write_text("ncols 1\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\n1\n")
    scenes = {name: [str(scene)] for name in ("INPUT", "TRAINING", "PREDICTION", "MASK_LAYERS")}
    names = ("OUTPUT", "FOLDER", "TRAINING_OUTPUT", "PREDICTION_OUTPUT", "TABLE")
    outputs = {name: str(tmp_path / f"{name}.tif") for name in names}
    with pytest.raises(QgsProcessingException) as caught:
        run(algorithm, scenes | outputs, context)
    assert str(caught.value) == "1 mask layer and the mask 'auto' do not go together: drop one."


# --- cancel and death of the real engine -----------------------------------------------------------------------------


def tiled(path, folder, times):
    """A VRT that lays the scene side by side, so that a run takes a while."""
    layer = QgsRasterLayer(path)
    width, height = layer.width(), layer.height()
    left, pixel = layer.extent().xMinimum(), layer.rasterUnitsPerPixelX()
    bands = []
    for band in range(1, layer.bandCount() + 1):
        sources = [
            f"<SimpleSource><SourceFilename>{path}</SourceFilename><SourceBand>{band}</SourceBand>"
            f'<DstRect xOff="{x * width}" yOff="{y * height}" xSize="{width}" ySize="{height}"/></SimpleSource>'
            for x in range(times)
            for y in range(times)
        ]
        name = layer.dataProvider().bandDescription(band)
        head = f'<VRTRasterBand dataType="UInt16" band="{band}"><Description>{name}</Description>'
        bands.append(f"{head}<NoDataValue>0</NoDataValue>{''.join(sources)}</VRTRasterBand>")
    target = folder / f"{Path(path).stem}.vrt"
    target.write_text(
        f'<VRTDataset rasterXSize="{times * width}" rasterYSize="{times * height}"><SRS>EPSG:32631</SRS>'
        f"<GeoTransform>{left}, {pixel}, 0, {layer.extent().yMaximum()}, 0, -{pixel}</GeoTransform>"
        f"{''.join(bands)}</VRTDataset>"
    )
    return str(target)


@pytest.mark.parametrize("percent", [0, 12, 20])
def test_cancel_of_the_real_engine_within_two_seconds(inputs, context, tmp_path, percent):
    (tmp_path / "in").mkdir()
    large = inputs | {"INPUT": [tiled(path, tmp_path / "in", 6) for path in inputs["INPUT"]], "MASK": 1}
    feedback = Recorder(cancel_at=percent)
    pressed = []
    feedback.canceled.connect(lambda: pressed.append(time.monotonic()))
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run("classify_lrtacf_net", large, context, feedback)
    assert time.monotonic() - pressed[0] < 2
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_killed_engine_is_one_sentence_and_leaves_nothing(inputs, context, tmp_path, monkeypatch):
    """SIGKILL in mid-run, as the system does when memory runs out."""
    pids = []

    class Watched(engine_process.Child):
        def __init__(self, command):
            super().__init__(command)
            pids.append(self.process.pid)

    monkeypatch.setattr(runner, "Child", Watched)
    (tmp_path / "in").mkdir()
    large = inputs | {"INPUT": [tiled(path, tmp_path / "in", 6) for path in inputs["INPUT"]], "MASK": 1}
    feedback = Recorder()
    feedback.progressChanged.connect(lambda percent: percent > 12 and os.kill(pids[0], signal.SIGKILL))
    with pytest.raises(QgsProcessingException, match="killed by SIGKILL"):
        run("classify_lrtacf_net", large, context, feedback)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]

"""A folder, an archive or a STAC item in the place of layers."""

import json
import zipfile
from pathlib import Path

import pytest
from qgis.core import QgsProcessingException, QgsRasterLayer

from crop_classifier_plugin.bridge import layers
from crop_classifier_plugin.shared.errors import BadRaster
from kits.plugin.qgis import run

WITH_FOLDER = ["align_series", "build_series", "classify_lrtacf_net", "composite", "fill_gaps", "index", "phenology"]


def names(path):
    layer = QgsRasterLayer(str(path))
    return [layer.dataProvider().bandDescription(band) for band in range(1, layer.bandCount() + 1)]


@pytest.mark.parametrize("algorithm", WITH_FOLDER)
def test_neither_layers_nor_folder_is_refused_before_the_run(provider, context, tmp_path, algorithm):
    names = ("OUTPUT", "FOLDER", "TRAINING_OUTPUT", "TABLE")
    outputs = {name: str(tmp_path / f"{name}.tif") for name in names}
    with pytest.raises(QgsProcessingException, match=r"^No raster was given: choose '.*', or 'Folder of"):
        run(algorithm, outputs, context)


def test_a_folder_gives_what_its_layers_give(provider, season, context, tmp_path):
    ten = [p for p in season["SCENES"] if "10m" in p]
    made = {}
    given = {"layers": {"INPUT": ten}, "folder": {"INPUT_FOLDER": str(Path(ten[0]).parent)}}
    given["string"] = {"INPUT": [str(Path(ten[0]).parent)]}
    archive = tmp_path / "scenes.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in ten:
            file.write(path, Path(path).name)
    given["archive"] = {"INPUT": [str(archive)]}
    for name, scenes in given.items():
        output = tmp_path / f"{name}.tif"
        run("index", {**scenes, "INDICES": ["NDVI"], "MASK": 1, "OUTPUT": str(output)}, context)
        made[name] = (names(output), output.read_bytes())
    assert made["folder"] == made["string"] == made["archive"] == made["layers"]


def test_what_holds_rasters_is_left_to_the_engine(context, tmp_path):
    item = tmp_path / "item.json"
    item.write_text(json.dumps({}))
    (found,) = layers.scenes(str(item), context)
    assert (found.path, found.name) == (str(item), "")
    with pytest.raises(BadRaster):
        layers.scenes(str(tmp_path / "gone.zip"), context)
    assert layers.crs_of([str(tmp_path)], context) == ""

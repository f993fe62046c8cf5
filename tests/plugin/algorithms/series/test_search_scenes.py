"""The search of a catalogue from the toolbox, with the real engine and a server of this machine."""

from pathlib import Path

import pytest
from qgis.core import QgsProcessingException, QgsRasterLayer

from kits.catalogue.items import item_of
from kits.catalogue.server import Catalogue, served
from kits.plugin.qgis import Recorder, run


@pytest.fixture
def catalogue(season):
    paths = [Path(path) for path in season["SCENES"] if "S2_10m" in path]
    with served(Catalogue(paths[0].parent)) as found:
        for path in paths:
            layer = QgsRasterLayer(str(path))
            bands = [layer.dataProvider().bandDescription(band) for band in range(1, layer.bandCount() + 1)]
            day = path.stem[-8:]
            address = f"{found.address}/files/{path.name}"
            found.items.append(item_of(path.stem, f"{day[:4]}-{day[4:6]}-{day[6:]}", address, bands))
        yield found


def test_scenes_of_a_catalogue_become_a_series(provider, catalogue, context, tmp_path):
    first = str(catalogue.files / f"{catalogue.items[0]['id']}.tif")
    asked = {
        "API": catalogue.address,
        "COLLECTIONS": "own",
        "EXTENT": first,
        "FIRST": "2024-01-01",
        "LAST": "2024-12-31",
        "TABLE": str(tmp_path / "t.gpkg"),
        "FOLDER": str(tmp_path / "got"),
    }
    recorder = Recorder()
    results = run("search_scenes", asked, context, recorder)
    assert results == {"TABLE": asked["TABLE"], "FOLDER": asked["FOLDER"], "SCENES": len(catalogue.items)}
    assert any("The scenes' files lie on 127.0.0.1" in text for text in recorder.infos)
    made = str(tmp_path / "i.tif")
    run("index", {"INPUT_FOLDER": asked["FOLDER"], "INDICES": ["NDVI"], "OUTPUT": made}, context)
    assert QgsRasterLayer(made).bandCount() == len(catalogue.items)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"API": "catalogue"}, "is no address"),
        ({"FIRST": "2025-01-01"}, "ends before it begins"),
        ({"TOKEN": "ftp://x"}, "address of the token"),
        ({"COLLECTIONS": "others"}, "has 0 scenes of others"),
    ],
)
def test_refusals_are_told_as_they_are(provider, catalogue, context, tmp_path, wrong, says):
    asked = {
        "API": catalogue.address,
        "COLLECTIONS": "own",
        "EXTENT": "3,3.1,50,50.1 [EPSG:4326]",
        "FIRST": "2024-01-01",
        "LAST": "2024-12-31",
        "TABLE": str(tmp_path / "t.csv"),
    }
    with pytest.raises(QgsProcessingException, match=says):
        run("search_scenes", asked | wrong, context)

"""What labels say, whoever asks: in a crop gain 0 and spellings follow the rule of maps and references."""

from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.constants import NO_DATA
from crop_classifier_plugin.engine.labels.labelled_pixels import opened_labels
from crop_classifier_plugin.engine.labels.open_labels import open_labels
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.shared.jobs.fusion import GainSplit
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from kits.diagnosis import UTM, grid_of, write

SPELLINGS = ("Ma\u00efs", "mai\u0308s", "MA\u00cfS", "winter wheat", "Winter-wheat", "rye")
MEANT = (0, 0, 0, 1, 1, 2)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(SPELLINGS) - 1), min_size=1, max_size=8))
def test_spellings_of_a_name_are_one_label_of_polygons(drawn: list[int]) -> None:
    """Side by side, a pixel each, and the last of them over the first: one class there disputes nothing."""
    cells = [box(6e5 + 10 * i, 56e5 - 10, 6e5 + 10 * i + 10, 56e5) for i in range(len(drawn))]
    frame = {"crop": [SPELLINGS[i] for i in (*drawn, drawn[0])]}
    grid = grid_of(np.zeros((1, len(drawn)), np.uint8))
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "p.gpkg")
        geopandas.GeoDataFrame(frame, geometry=[*cells, cells[0]], crs=UTM).to_file(path)
        with open_labels(LabelSource(path, class_field="crop"), grid, "m.tif") as labels:
            read = labels.read(Window(0, 0, 1, len(drawn)))[0]
    meant = [MEANT[i] for i in drawn]
    assert len(labels.labels) == len(set(meant))
    assert [[a == b for b in read] for a in read] == [[a == b for b in meant] for a in meant]
    assert (read >= 0).all()


@pytest.mark.parametrize(("nodata", "zero"), [(255, True), (None, False), (0, False)])
def test_0_is_a_class_of_a_crop_gain_where_the_raster_declares_another_no_data(tmp_path, nodata, zero):
    codes = np.array([[0, 1, 2, 0]], np.uint8)
    path = write(tmp_path / "l.tif", codes, nodata=nodata)
    with opened_labels(LabelSource(path), GainSplit("block"), grid_of(codes), "i.tif", tmp_path, Silent()) as labels:
        found, _ = labels.read(Window(0, 0, 1, 4))
        assert (found[0] != NO_DATA).tolist() == [zero, True, True, zero]
        assert labels.classes == (("0", "1", "2") if zero else ("1", "2"))
        assert bool(labels.notes) == (nodata is None)

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
from crop_classifier_plugin.engine.labels.class_map import CropMap, opened
from crop_classifier_plugin.engine.labels.class_values import ClassValues
from crop_classifier_plugin.engine.labels.constants import NO_DATA
from crop_classifier_plugin.engine.labels.labelled_pixels import opened_labels
from crop_classifier_plugin.engine.labels.open_labels import open_labels
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.shared.jobs.fusion import GainSplit
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from kits.diagnosis import UTM, grid_of, write, write_map

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


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([np.uint8, np.uint16]),
    st.sampled_from([None, 0, 3, 255, 65535]),
    st.booleans(),
    st.integers(0, 9),
)
def test_values_that_tell_their_mask_are_read_as_with_it(dtype, nodata, named: bool, seed: int) -> None:
    """Maps and references: the classes, the counts and what is said of zeros."""
    values = np.random.default_rng(seed).choice([0, 1, 2, 3, 4, np.iinfo(dtype).max], (20, 30)).astype(dtype)
    values[:, 0] = 1
    nodata = None if nodata is not None and nodata > np.iinfo(dtype).max else nodata
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "m.tif")
        if named:
            write_map(path, np.minimum(values, 4))
        else:
            write(path, np.where(values == 65535, 9, values).astype(dtype), nodata=nodata)
        known = _read_twice(path, Window(0, 0, 20, 30), Window(-3, 5, 30, 40))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                ClassValues, "by_value", property(lambda self: False, lambda self, value: None), raising=False
            )
            assert _read_twice(path, Window(0, 0, 20, 30), Window(-3, 5, 30, 40)) == known


def _read_twice(path, inside, beyond):
    with opened(path) as dataset:
        crop_map = CropMap(path, dataset, Silent())
        told = [crop_map.legend.names, crop_map.notes, crop_map.pixels.tolist(), crop_map.read(inside).tolist()]
        with open_labels(LabelSource(path), crop_map.grid, path) as labels:
            return [*told, labels.read(inside).tolist(), labels.read(beyond).tolist(), labels.labels, labels.notes]

"""Bad input to the diagnosis: one sentence, and nothing left behind; so on cancel and on a full disk."""

import errno
from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely.geometry import box

from crop_classifier_plugin.engine.execution.reporter import Silent, Stop
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadRaster,
    Cancelled,
    CrsMissing,
    DiskFull,
    LabelsUnusable,
    NoOverlap,
    OutputNotWritable,
)
from kits.diagnosis import UTM, grid_of, noisy, run, season, write, write_map


def cases(tmp_path):
    truth, mapped = season((40, 40))
    good = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    far = write(tmp_path / "far.tif", truth, grid_of(truth, x=700000.0))
    blank = write(tmp_path / "blank.tif", truth, crs=None)
    other = write(tmp_path / "other.tif", (truth.astype(np.uint16) + 5000), nodata=5000)
    real = write(tmp_path / "real.tif", truth.astype(np.float32) + 0.5)
    many = write(tmp_path / "many.tif", np.arange(1, 1601, dtype=np.uint16).reshape(40, 40))
    empty = write(tmp_path / "empty.tif", np.zeros((40, 40), np.uint8))
    holes = write(tmp_path / "holes.tif", np.where(mapped == 0, truth + (truth == 0), 0).astype(np.uint8))
    (tmp_path / "text.tif").write_text("no raster")
    frame = geopandas.GeoDataFrame({"crop": ["Maize", None]}, geometry=[box(0, 0, 1, 1)] * 2, crs=UTM)
    frame.to_file(tmp_path / "away.gpkg")
    frame.assign(crop=None, geometry=box(6e5, 56e5 - 90, 6e5 + 90, 56e5)).to_file(tmp_path / "mute.gpkg")
    away, mute = str(tmp_path / "away.gpkg"), str(tmp_path / "mute.gpkg")
    return [
        (NoOverlap, good[0], far, {}, "far.tif"),
        (CrsMissing, good[0], blank, {}, "blank.tif"),
        (CrsMissing, blank, good[1], {}, "blank.tif"),
        (LabelsUnusable, good[0], other, {}, "5001.*Winter wheat"),
        (LabelsUnusable, good[0], holes, {}, "No pixel"),
        (LabelsUnusable, empty, good[1], {}, "no class"),
        (BadInput, real, good[1], {}, "float32"),
        (BadInput, many, good[1], {}, "many.tif"),
        (BadInput, good[0], good[1], {"mapping": (("1", "Rice"),)}, "Rice.*Winter wheat"),
        (BadInput, good[0], good[1], {"agreement": good[1]}, "replace an input"),
        (BadRaster, str(tmp_path / "text.tif"), good[1], {}, "text.tif"),
        (BadRaster, str(tmp_path / "gone.tif"), good[1], {}, "gone.tif"),
        (LabelsUnusable, good[0], str(tmp_path / "gone.gpkg"), {}, "gone.gpkg"),
        (NoOverlap, good[0], away, {"class_field": "crop"}, "away.gpkg"),
        (LabelsUnusable, good[0], away, {}, "class field.*crop"),
        (LabelsUnusable, good[0], away, {"class_field": "kind"}, "kind.*crop"),
        (LabelsUnusable, good[0], mute, {"class_field": "crop"}, "mute.gpkg"),
        (OutputNotWritable, good[0], good[1], {"report_csv": good[0] + "/r.csv"}, "r.csv"),
    ]


@pytest.mark.parametrize("number", range(18))
def test_bad_input_gets_one_sentence_and_leaves_nothing(tmp_path, number):
    kind, crop_map, reference, options, words = cases(tmp_path)[number]
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(kind, match=f"(?s){words}") as error:
        run(tmp_path, crop_map, reference, **options)
    assert type(error.value) is kind
    assert "\n" not in error.value.sentence
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_truncated_reference_is_named(tmp_path):
    truth, mapped = season((600, 600))
    whole = Path(write(tmp_path / "t.tif", noisy(truth, range(1, 5)), tiled=True, compress="deflate"))
    crop_map = write_map(tmp_path / "m.tif", mapped)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(BadRaster, match=r"t\.tif"):
        run(tmp_path, crop_map, whole)


class StopAt(Silent):
    """Cancels at the n-th check."""

    def __init__(self, count):
        super().__init__(Stop())
        self.left = count

    def check(self):
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def test_cancel_anywhere_leaves_nothing(tmp_path):
    truth, mapped = season((520, 520))
    crop_map, reference = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    counting = StopAt(10**9)
    run(tmp_path, crop_map, reference, counting)
    checks = 10**9 - counting.left
    assert checks > 20
    for path in (tmp_path / "out").iterdir():
        path.unlink()
    for count in range(0, checks, 3):
        with pytest.raises(Cancelled):
            run(tmp_path, crop_map, reference, StopAt(count))
        assert not list((tmp_path / "out").iterdir()) if (tmp_path / "out").exists() else True


@pytest.mark.parametrize("target", ["r.html", "diagnosis_2_maize.qml"])
def test_a_full_disk_in_mid_writing_keeps_the_old_files(tmp_path, monkeypatch, target):
    truth, mapped = season((60, 60))
    crop_map, reference = write_map(tmp_path / "m.tif", mapped), write(tmp_path / "t.tif", truth)
    run(tmp_path, crop_map, reference)
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    write_text = Path.write_text

    def full(path, *arguments, **options):
        if path.name == target:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(DiskFull, match=target):
        run(tmp_path, crop_map, reference)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before

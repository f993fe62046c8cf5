"""Nothing is opened and nobody is called that the user did not name, whatever a file says: seen from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kits.hostile.cases import KINDS, hostile_files
from kits.hostile.place import make_place, series
from kits.hostile.rasters import stac_item
from kits.hostile.recorder import needs_strace, record


def test_hostile_files_open_nothing_that_was_not_given(tmp_path: Path) -> None:
    """One of each kind; the torture harness runs hundreds."""
    needs_strace()
    cases = list(hostile_files(tmp_path, np.random.default_rng(12), len(KINDS)))
    for seen in record(cases, tmp_path):
        assert not seen.opened, seen
        assert not seen.called, seen
        assert seen.status in (0, 1), seen
        assert "Traceback" not in seen.words, seen
        assert "nobody foresaw" not in seen.words, seen


def test_the_recorder_sees_what_is_opened(tmp_path: Path) -> None:
    """A file that the user did not name, opened because the case says it was named."""
    needs_strace()
    place = make_place(tmp_path)
    scene = place.secret / "S2_20240425_B04.tif"
    honest = series("honest", scene)
    lying = series("lying", scene)
    object.__setattr__(lying, "given", (place.map,))
    seen = record([honest, lying], tmp_path)
    assert [each.status for each in seen] == [0, 0], seen
    assert not seen[0].opened
    assert str(scene) in seen[1].opened


def test_an_item_beside_its_files_is_read(tmp_path: Path) -> None:
    """The same ways with nothing hostile in them give a map."""
    needs_strace()
    place = make_place(tmp_path)
    folder = place.case(0)
    (folder / "x.tif").write_bytes((place.secret / "S2_20240425_B04.tif").read_bytes())
    seen = record([series("item", stac_item(folder, "./x.tif"))], tmp_path)
    assert seen[0].status == 0, seen
    assert not seen[0].opened, seen
    assert not seen[0].called, seen

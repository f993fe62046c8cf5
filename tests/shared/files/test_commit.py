"""A set of files is all old or all new: at once, or after the next run in the folder, wherever a run is killed."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.outputs import Outputs
from crop_classifier_plugin.shared.errors import OutputNotWritable
from crop_classifier_plugin.shared.files.commit import recover
from crop_classifier_plugin.shared.files.journal import JOURNAL, fits, mark_of
from crop_classifier_plugin.shared.files.staging import Stage, tidy
from kits.faults.kill_steps import killed_at, steps

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills by fork")
NAMES = ("map.tif", "map.qml", "map.tif.aux.xml", "beside/confidence.tif")
STALE = "beside/confidence.tif.ovr"  # of the old raster
STAGE = ".crop-classifier-0123456789ab.1.part"


def contents(place: Path) -> dict[str, str]:
    return {str(p.relative_to(place)): p.read_text() for p in place.rglob("*") if p.is_file()}


OLD = dict.fromkeys((*NAMES, STALE), "old")
NEW = dict.fromkeys(NAMES, "new")  # of the same length: sizes alone do not tell them apart


@pytest.fixture
def quick() -> Iterator[Path]:
    """A folder in memory where there is such a place: each step to the disk takes a while, and there are thousands."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        yield Path(folder)


class Place:
    """A folder with an old set, or none; and a run that replaces it."""

    def __init__(self, folder: Path, links: bool, there: bool) -> None:
        self.folder, self.links, self.there = folder, links, there

    def prepare(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "beside").mkdir(parents=True)
        for name, text in OLD.items() if self.there else ():
            (self.folder / name).write_text(text)

    def run(self) -> None:
        if not self.links:
            os.link = _refused
        with Outputs() as out:
            for name in NAMES:
                Path(out.path(self.folder / name, named=True)).write_text("new")

    def next_run(self, *names: str) -> None:
        """Of other outputs in the same folders, which fails: its own outputs are no matter here."""
        with pytest.raises(ZeroDivisionError), Outputs() as out:  # noqa: PT012
            for name in names or ("other.tif", "beside/other.tif"):
                out.path(self.folder / name, named=True)
            raise ZeroDivisionError

    @property
    def before(self) -> dict[str, str]:
        return OLD if self.there else {}


def _refused(*paths: object, **options: object) -> None:
    raise OSError(errno.EPERM, "no links here")


@pytest.mark.parametrize(("links", "there", "after"), [*itertools.product((True, False), repeat=3)])
def test_a_run_killed_at_any_step_leaves_one_whole_set(quick: Path, links: bool, there: bool, after: bool) -> None:
    place, kills, unfinished = Place(quick / "p", links, there), 0, 0
    for step in steps(place.run, place.prepare, after=after):
        kills += 1
        unfinished += contents(place.folder) not in (place.before, NEW)
        place.next_run()
        assert contents(place.folder) in (place.before, NEW), step
        assert not list(place.folder.rglob(".*")), step
    assert contents(place.folder) == NEW
    assert kills > 50
    assert unfinished > 10  # or this tests nothing


@pytest.mark.parametrize("links", [True, False])
def test_a_recovery_killed_at_any_step_can_be_taken_up_again(quick: Path, links: bool) -> None:
    """Twice killed: in the midst of the commit, and at every step of what the next run does about it."""
    place, tried = Place(quick / "p", links, True), 0
    stops = [step for step in steps(place.run, place.prepare) if (place.folder / JOURNAL).exists()]
    for stop in stops[::8]:

        def half_done(stop: int = stop) -> None:
            place.prepare()
            assert killed_at(stop, place.run)

        for _ in steps(place.next_run, half_done):
            tried += 1
            place.next_run()
            assert contents(place.folder) in (OLD, NEW)
            assert not list(place.folder.rglob(".*"))
    assert tried > 50


@pytest.mark.parametrize("number", [0, 3, 4])
def test_a_rename_that_fails_and_a_kill_while_it_is_taken_back(
    quick: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Windows refuses to replace what is open elsewhere; the process may go while it undoes the others."""
    place, turn, replace = Place(quick / "p", True, True), itertools.count(), os.replace

    def refuse(source: Path, target: Path) -> None:
        if Path(source).parent.name == "new" and next(turn) == number:
            raise PermissionError(errno.EACCES, "open elsewhere")
        replace(source, target)

    def run() -> None:
        os.replace = refuse
        with pytest.raises(OutputNotWritable) if number < 4 else pytest.MonkeyPatch.context():
            place.run()

    for _ in steps(run, place.prepare):
        place.next_run()
        assert contents(place.folder) in (OLD, NEW)
        assert not list(place.folder.rglob(".*"))
    assert contents(place.folder) == (OLD if number < 4 else NEW)


def test_two_runs_at_once_never_mix_their_sets(quick: Path) -> None:
    children = []
    for text in ("one", "two", "six", "ten"):
        child = os.fork()
        if not child:
            code = 1
            try:
                for _ in range(20):
                    with Outputs() as out:
                        for name in NAMES:
                            Path(out.path(quick / name, named=True)).write_text(text)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len(set(contents(quick).values())) == 1
    assert set(contents(quick)) == set(NAMES)


# --- journals that somebody else wrote ------------------------------------------------------------------------------


def forged(
    folder: Path, name: str = "new.tif", before: object = None, word: str = "forward", **entries: object
) -> Path:
    """A folder that somebody sent: a journal, and a file that it would put in place."""
    stage = folder / STAGE
    for part in ("new", "old"):
        (stage / part).mkdir(parents=True)
    staged = stage / "new" / "new.tif"
    staged.write_text("theirs")
    found = staged.stat()
    swap = {"name": name, "before": before, "after": {"size": 6, "modified": found.st_mtime_ns}}
    plan = {"ident": "0" * 16, "stage": STAGE, "swaps": [swap], **entries}
    (folder / JOURNAL).write_text(f"{word:<7}\n{json.dumps(plan)}\n")
    return staged


@pytest.mark.parametrize(
    "name",
    ["../out.tif", "/tmp/out.tif", "sub/out.tif", "", ".", "..", "a\0b", JOURNAL, f"{STAGE}/x", "../in/../out.tif"],
)
@pytest.mark.parametrize("word", ["forward", "back", "other"])
def test_a_forged_journal_moves_nothing_outside_its_folder(tmp_path: Path, name: str, word: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "out.tif").write_text("mine")
    forged(folder, name, word=word)
    shutil.copy(folder / STAGE / "new" / "new.tif", tmp_path / "staged")
    tidy(folder)
    assert contents(tmp_path) == {"out.tif": "mine", "staged": "theirs"} | {
        name: text for name, text in contents(tmp_path).items() if name.startswith("in/")
    }


@pytest.mark.parametrize("link", ["", "new", "old"])
def test_a_stage_that_is_a_link_leads_nowhere(tmp_path: Path, link: str) -> None:
    folder, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    folder.mkdir()
    forged(folder)
    shutil.move(folder / STAGE / link, elsewhere)
    (folder / STAGE / link).symlink_to(elsewhere)
    (folder / "new.tif").write_text("mine")
    before = contents(elsewhere)
    tidy(folder)
    assert (folder / "new.tif").read_text() == "mine"
    assert contents(elsewhere) == before


@pytest.mark.parametrize("word", ["forward", "back"])
def test_what_somebody_has_changed_since_stays(tmp_path: Path, word: str) -> None:
    for before in (None, {"size": 4, "modified": 0}, {"size": 3, "modified": 1}):
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        (tmp_path / "in").mkdir()
        forged(tmp_path / "in", before=before, word=word)
        (tmp_path / "in" / "new.tif").write_text("mine")
        tidy(tmp_path / "in")
        assert (tmp_path / "in" / "new.tif").read_text() == "mine"
        assert not (tmp_path / "in" / JOURNAL).exists()


@pytest.mark.parametrize(
    "text", ["", "forward", "forward\n{", "forward\n[]\n", "back   \n" + "[" * 100_000 + "\n", "\0"]
)
def test_a_journal_that_says_nothing_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / JOURNAL).write_text(text)
    assert recover(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", ["fifo", "link", "folder"])
def test_a_journal_that_is_no_file_is_not_touched(tmp_path: Path, make: str) -> None:
    (tmp_path / "in").mkdir()
    journal = tmp_path / "in" / JOURNAL
    {"fifo": lambda: os.mkfifo(journal), "link": lambda: journal.symlink_to(tmp_path / "x"), "folder": journal.mkdir}[
        make
    ]()
    (tmp_path / "x").write_text("mine")
    tidy(tmp_path / "in")
    with pytest.raises(OutputNotWritable), Outputs() as out:
        out.write_text(tmp_path / "in" / "map.tif", "new")
    assert (tmp_path / "x").read_text() == "mine"
    assert os.path.lexists(journal)


# --- stages ---------------------------------------------------------------------------------------------------------


def test_the_stage_of_a_living_run_stays_and_what_is_not_ours_too(tmp_path: Path) -> None:
    strange = tmp_path / ".crop-classifier-of-mine"
    strange.mkdir()
    living = Stage(tmp_path)
    living.path("map.tif").write_text("half")
    tidy(tmp_path)
    Stage(tmp_path).remove()
    assert living.path("map.tif").read_text() == "half"
    living.remove()
    assert list(tmp_path.iterdir()) == [strange]


def test_without_locks_nothing_is_taken_from_the_living(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on some network shares: there, what a killed run leaves stays, but sets are whole."""
    import fcntl

    monkeypatch.setattr(fcntl, "flock", _refused)
    living = Stage(tmp_path)
    living.path("map.tif").write_text("half")
    with Outputs() as out:
        out.write_text(tmp_path / "map.tif", "whole")
    assert living.path("map.tif").read_text() == "half"
    assert (tmp_path / "map.tif").read_text() == "whole"
    assert not (tmp_path / JOURNAL).exists()


def test_marks_bear_the_coarse_times_of_fat(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    mark = mark_of(tmp_path / "a")
    assert mark
    os.utime(tmp_path / "a", ns=(0, mark.modified // 2_000_000_000 * 2_000_000_000))
    assert fits(tmp_path / "a", mark)
    (tmp_path / "a").write_text("xy")
    assert not fits(tmp_path / "a", mark)


@pytest.mark.parametrize("name", ["other.tif", "beside/other.tif"])
def test_a_run_that_comes_to_one_folder_of_a_set_settles_all_of_it(quick: Path, name: str) -> None:
    place = Place(quick / "p", links=True, there=True)
    for step in steps(place.run, place.prepare):
        place.next_run(name)
        assert contents(place.folder).items() >= OLD.items() or contents(place.folder).items() >= NEW.items(), step
        left = contents(place.folder)
        assert sum(left[each] == "new" for each in NAMES) in (0, len(NAMES)), step

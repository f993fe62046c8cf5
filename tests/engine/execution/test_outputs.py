"""Outputs: all files or none, old files kept on any failure, nothing left over."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution import dispatch, outputs
from crop_classifier_plugin.engine.execution.outputs import (
    Outputs,
    discard_all,
    translate,
)
from crop_classifier_plugin.engine.execution.reporter import Stop
from crop_classifier_plugin.shared.errors import DiskFull, OutputNotWritable
from kits.paths import REPOSITORY

NAMES = ("map.tif", "confidence.tif", "map.qml", "deep/er/report.html")


def files(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def write(out, folder, text="new"):
    for name in NAMES:
        Path(out.path(folder / name, named=True)).write_text(text)


def write_and_fail(folder, names, error, suffixes=("",)):
    with Outputs() as out:
        for name in names:
            for suffix in suffixes:
                Path(out.path(folder / name, named=True) + suffix).write_text("half")
        raise error


def old(folder):
    for name in NAMES[:2]:
        (folder / name).write_text("old")
    return files(folder)


def test_all_files_appear_at_the_end(tmp_path):
    with Outputs() as out:
        write(out, tmp_path)
        assert not (tmp_path / "map.tif").exists()
    assert files(tmp_path) == dict.fromkeys(NAMES, "new")


def test_old_files_are_replaced_and_nothing_else_is_left(tmp_path):
    old(tmp_path)
    with Outputs() as out:
        write(out, tmp_path)
    assert files(tmp_path) == dict.fromkeys(NAMES, "new")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError, SystemExit])
def test_an_error_keeps_the_old_files_and_leaves_nothing(tmp_path, error):
    before = old(tmp_path)
    with pytest.raises(error):
        write_and_fail(tmp_path, NAMES, error)
    assert files(tmp_path) == before


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("number", range(4))
def test_a_rename_that_fails_takes_the_others_back(tmp_path, monkeypatch, number, links):
    """Windows refuses to replace a file that another program holds open; FAT knows no second name for a file."""
    before = old(tmp_path)
    replace, turn = os.replace, iter(range(100))

    def refuse(source, target):
        if Path(source).parent.name == "new" and next(turn) == number:
            raise PermissionError(errno.EACCES, "Permission denied")
        replace(source, target)

    def no_links(*paths, **options):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "replace", refuse)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(OutputNotWritable, match="Permission denied") as error, Outputs() as out:
        write(out, tmp_path)
    assert Path(NAMES[number]).name in error.value.sentence
    assert files(tmp_path) == before


def test_a_place_asked_for_but_not_written_is_no_file(tmp_path):
    with Outputs() as out:
        out.path(tmp_path / "map.tif", named=True)
    assert files(tmp_path) == {}


def test_what_gdal_leaves_beside_a_temporary_file_goes_too(tmp_path):
    with pytest.raises(ValueError, match="stop"):
        write_and_fail(tmp_path, ["map.tif"], ValueError("stop"), ("", ".aux.xml", ".ovr"))
    assert files(tmp_path) == {}


def places(tmp_path):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    found = [tmp_path / "file" / "map.tif", tmp_path / "file" / "deeper" / "map.tif", tmp_path / "folder"]
    return found + ([Path("/proc/map.tif"), Path("/proc/no/map.tif")] if sys.platform == "linux" else [])


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path):
    for place in places(tmp_path):
        before = files(tmp_path)
        with pytest.raises(OutputNotWritable, match="choose a folder") as error, Outputs() as out:
            Path(out.path(tmp_path / "other.tif", named=True)).write_text(out.path(place, named=True))
        assert str(place) in error.value.sentence
        assert files(tmp_path) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputNotWritable), Outputs() as out:
        out.path(tmp_path / "map.tif", named=True)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EACCES, OutputNotWritable),
        (errno.EROFS, OutputNotWritable),
    ],
)
def test_errors_of_the_file_system_become_sentences(tmp_path, monkeypatch, number, kind):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))

    assert type(translate(OSError(number, "x"), "map.tif")) is kind
    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(kind, match=r"report\.html"), Outputs() as out:
        out.write_text(tmp_path / "report.html", "text")
    monkeypatch.undo()
    assert files(tmp_path) == {}


def test_text_is_utf8(tmp_path):
    with Outputs() as out:
        out.write_text(tmp_path / "a.txt", "blé")
    assert (tmp_path / "a.txt").read_bytes() == "blé".encode()


def test_a_process_that_must_go_takes_its_temporary_files_along(tmp_path):
    before = old(tmp_path)
    with Outputs() as out, Outputs() as other:
        write(out, tmp_path)
        Path(other.path(tmp_path / "more.tif", named=True)).write_text("half")
        discard_all()
        assert files(tmp_path) == before
    assert files(tmp_path) == before
    assert not outputs._open


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_never_touches_the_old_file(tmp_path, sent):
    before = old(tmp_path)
    program = f"""
        import os, signal, sys
        sys.path.insert(0, {str(REPOSITORY)!r})
        from crop_classifier_plugin.engine.execution.outputs import Outputs, discard_all
        def leave(number, frame):
            discard_all()
            os._exit(130)
        signal.signal(signal.SIGTERM, leave)
        with Outputs() as out:
            with open(out.path({str(tmp_path / "map.tif")!r}, named=True), "w") as file:
                file.write("half")
                file.flush()
                os.kill(os.getpid(), {int(sent)})
                signal.pause()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], timeout=30, check=False)
    assert done.returncode == (130 if sent == signal.SIGTERM else -signal.SIGKILL)
    left = files(tmp_path)
    assert {name: text for name, text in left.items() if not name.startswith(".")} == before
    assert (left == before) == (sent == signal.SIGTERM)
    with Outputs() as out:
        out.path(tmp_path / "another.tif", named=True)  # the next run in the folder tidies up
    assert files(tmp_path) == before


def _write_half(place, names):
    with Outputs() as out:
        for name in names:
            Path(out.path(place / name, named=True)).write_text("half")
        (place / "shared" / "notes.txt").write_text("another program's")
        raise ValueError("half way")


def folders(place):
    return {str(p.relative_to(place)) for p in place.rglob("*") if p.is_dir()}


def test_folders_of_a_failed_job_go_where_it_made_them_and_nothing_is_in_them(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(ValueError, match="half way"):
        _write_half(tmp_path, ("old/map.tif", "old/new/map.tif", "model/deep/map.tif", "shared/map.tif"))
    assert folders(tmp_path) == {"old", "shared"}
    with Outputs() as out:
        out.write_text(tmp_path / "model" / "deep" / "map.tif", "whole")
    assert folders(tmp_path) == {"old", "shared", "model", "model/deep"}


@pytest.mark.skipif(os.name == "nt", reason="a process of its own by fork")
def test_a_cancel_while_outputs_are_being_named_leaves_nothing(tmp_path):
    """The main thread discards what the thread of a job that does not heed the cancel still adds to."""

    def work():
        with Outputs() as out:
            for number in range(1_000_000):
                Path(out.path(tmp_path / str(number % 3) / f"{number}.txt", named=True)).write_text("half")
                if number == 50:
                    stop.set()
        return {}

    for _ in range(10):
        stop = Stop()
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            dispatch.JOB_GRACE = 0.05
            try:
                dispatch._in_thread(work, stop)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 143  # as on SIGTERM
        assert not list(tmp_path.iterdir())

"""Runs of the docks: one after the other, each ends once, Cancel stops the current one and drops those that wait."""

import time

import pytest

from crop_classifier_plugin.gui.common.background import Run, RunQueue, end_all
from kits.plugin.window import wait


def asked(folder):
    return {"FOLDER": str(folder)}


@pytest.fixture
def queue():
    yield RunQueue()
    end_all()


def test_runs_wait_for_each_other(provider, fake, queue, context, tmp_path):
    fake("slow")
    ended, running = [], []
    for name in ("a", "b"):
        queue.add(Run("simulate_season", asked(tmp_path / name), title=name, shown=False), ended.append)
        running.append(queue.current.title)
    assert running == ["a", "a"]
    assert queue.waiting == 1
    wait(lambda: queue.current is None)
    assert [(run.title, run.ok) for run in ended] == [("a", True), ("b", True)]


def test_cancel_stops_one_and_drops_the_others(provider, fake, queue, context, tmp_path):
    fake("endless")
    ended = []
    for name in ("a", "b"):
        queue.add(Run("simulate_season", asked(tmp_path / name), title=name, shown=False), ended.append)
    wait(lambda: (tmp_path / "a").exists())
    started = time.monotonic()
    queue.cancel()
    wait(lambda: queue.current is None)
    assert time.monotonic() - started < 2
    assert [(run.title, run.ok, run.cancelled, run.error) for run in ended] == [("a", False, True, "")]
    assert queue.waiting == 0


def test_what_the_engine_refuses_is_the_runs_sentence(provider, fake, queue, context, tmp_path):
    fake("refuse")
    ended = []
    queue.add(Run("simulate_season", asked(tmp_path), shown=False), ended.append)
    wait(lambda: ended)
    assert "do not overlap" in ended[0].error


def test_what_headers_refuse_ends_the_run_before_it_begins(provider, queue, context):
    ended = []
    queue.add(Run("describe_series", {"INPUT": ["/nowhere.tif"]}, shown=False), ended.append)
    assert "/nowhere.tif" in ended[0].error
    assert queue.current is None


def test_nothing_runs_on_when_the_plugin_goes(provider, fake, queue, context, tmp_path):
    """A task's algorithm belongs to the provider: QGIS crashes when that goes first."""
    fake("endless")
    ended = []
    for name in ("a", "b"):
        run = Run("simulate_season", asked(tmp_path / name), shown=False)
        run.ended.connect(ended.append)
        run.start()
    wait(lambda: (tmp_path / "a").exists())
    end_all()
    assert [run.cancelled for run in ended] == [True, True]

"""A job without a command of its own gets one that its fields make; commands are found, not listed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Optional

import pytest
from click.testing import CliRunner

from crop_classifier_plugin.engine.cli import generated
from crop_classifier_plugin.engine.cli.main import cli
from crop_classifier_plugin.shared.class_choice import ClassChoice
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.base import Job
from crop_classifier_plugin.shared.jobs.sources import DateEntry, Extent, LabelSource, MonthRaster, SceneSource, Series


@dataclass(frozen=True)
class Everything(Job):
    """A job of all kinds of fields."""

    kind = "every_thing"
    entry = "nowhere:nothing"
    series: Series
    output: str
    share: float = 0.5
    limit: Optional[int] = None
    smooth: bool = False
    names: tuple[str, ...] = ("a", "b")
    days: tuple[int, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    coarse: tuple[SceneSource, ...] = ()
    labels: Optional[str] = None


@dataclass(frozen=True)
class Placed(Job):
    """A job without a series."""

    kind = "placed"
    entry = "nowhere:nothing"
    image: SceneSource
    labels: LabelSource
    dates: tuple[DateEntry, ...] = ()
    extent: Optional[Extent] = None


def parsed(monkeypatch: pytest.MonkeyPatch, job: type[Job], arguments: list[str]) -> Any:
    """The job that a generated command would run."""
    asked: list[Any] = []
    monkeypatch.setattr(generated, "finish", lambda job, as_json: asked.append(job))
    done = CliRunner().invoke(generated.command_of(job), arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return asked[0]


def test_a_command_reads_what_the_fields_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    least = ["--series", "a.tif", "--output", "out.tif"]
    series = Series((SceneSource("a.tif"),))
    assert parsed(monkeypatch, Everything, least) == Everything(series, "out.tif")
    more = shlex.split(
        "--share 0.1 --limit 3 --smooth --names c --days 1 --days 2 --settings x=1 --coarse b.tif --labels l"
    )
    assert parsed(monkeypatch, Everything, least + more) == Everything(
        series, "out.tif", 0.1, 3, True, ("c",), (1, 2), (("x", "1"),), (SceneSource("b.tif"),), "l"
    )


OCTOBER = (MonthRaster("2019-10", "o.tif"),)


def test_values_of_several_fields_carry_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    least = shlex.split("--image i.tif --labels-path l.gpkg --labels-class-field crop")
    labels = LabelSource("l.gpkg", class_field="crop")
    assert parsed(monkeypatch, Placed, least) == Placed(SceneSource("i.tif"), labels)
    months = ["--image", "i.tif", "--labels-path", "o.tif", "--labels-month-rasters", "2019-10=o.tif"]
    given = [*months, "--labels-choice-merge", "rye=grain"]
    chosen = LabelSource("o.tif", choice=ClassChoice(merge=(("rye", "grain"),)), month_rasters=OCTOBER)
    assert parsed(monkeypatch, Placed, given) == Placed(SceneSource("i.tif"), chosen)
    more = [*least, *shlex.split("--extent 0 1 2 3 --extent-crs EPSG:32631")]
    expected = Placed(SceneSource("i.tif"), labels, extent=Extent(0, 1, 2, 3, "EPSG:32631"))
    assert parsed(monkeypatch, Placed, more) == expected


def test_what_must_be_given_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(generated.command_of(Placed), ["--image", "i.tif"])
    assert done.exit_code == 2
    assert "--labels-path" in done.output


@pytest.mark.parametrize("kind", registry.JOBS)
def test_every_job_has_its_command(kind: str) -> None:
    command = cli.commands[kind.replace("_", "-")]
    assert command.get_short_help_str()
    assert CliRunner().invoke(command, ["--help"]).exit_code == 0

"""A command made from the fields of a job: what a job has that needs no better words on the command line."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, Optional

import click

from ...shared.jobs.base import Job
from ...shared.jobs.sources import DateEntry, Extent, MonthRaster, SceneSource, Series
from .options import DATES_HELP, finish, json_option, read_dates, read_pairs
from .series import series_options, sources, take_series

Given = dict[str, Any]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_PLAIN = (str, int, float)


@dataclass(frozen=True)
class _Entry:
    """A field of a job: the options that say it, and how its value is read from them."""

    name: str
    options: tuple[Decorator, ...]
    read: Callable[[Given], Any]


def command_of(job: type[Job]) -> click.Command:
    """The command of the job's kind, with an option for each field. Raises TypeError for fields that need a command
    made by hand."""
    entries = tuple(_entries(job, ""))

    def run(as_json: bool, **given: Any) -> None:
        finish(job(**{entry.name: entry.read(given) for entry in entries}), as_json)

    command: Callable[..., Any] = json_option(run)
    for option in reversed([option for entry in entries for option in entry.options]):
        command = option(command)
    return click.command(job.kind.replace("_", "-"), help=job.__doc__)(command)


def _entries(cls: Any, prefix: str) -> Iterator[_Entry]:
    hints = typing.get_type_hints(cls)
    for field in fields(cls):
        yield _entry(cls, field, hints[field.name], prefix + field.name)


def _entry(cls: Any, field: Field[Any], hint: Any, name: str) -> _Entry:
    """`name` is the option's, with underscores."""
    special = _SPECIAL.get(hint)
    if special:
        return special(field, name)
    if is_dataclass(hint):
        return _nested(field, hint, name)
    kind = typing.get_args(hint)[0] if typing.get_args(hint) else hint
    if hint is bool:
        return _simple(field, f"{_flag(name)}/--no-{_flag(name)[2:]}", name)
    if hint in _PLAIN or hint in [Optional[each] for each in _PLAIN]:
        return _simple(field, _flag(name), name, type=kind)
    if kind in _PLAIN and typing.get_args(hint)[1:] == (Ellipsis,):
        return _simple(field, _flag(name), name, type=kind, multiple=True)
    raise TypeError(f"The field {field.name} of {cls.__name__} makes no option: give the job a command by hand.")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _simple(field: Field[Any], flag: str, name: str, read: Callable[[Any], Any] = lambda v: v, **more: Any) -> _Entry:
    """An option of one value, or of several where it is `multiple`."""
    if field.default is MISSING:
        more |= {"required": True}
    elif "default" not in more:
        more |= {"default": field.default, "show_default": field.default not in ("", (), None)}
    return _Entry(field.name, (click.option(flag, name, **more),), lambda given: read(given[name]))


def _nested(field: Field[Any], cls: Any, name: str) -> _Entry:
    """A value of several fields: its options carry the name of both."""
    inner = tuple(_entries(cls, f"{name}_"))
    options = tuple(option for entry in inner for option in entry.options)
    return _Entry(field.name, options, lambda given: cls(**{entry.name: entry.read(given) for entry in inner}))


def _series(field: Field[Any], name: str) -> _Entry:
    return _Entry(field.name, (series_options,), take_series)


def _scene(field: Field[Any], name: str) -> _Entry:
    return _simple(field, _flag(name), name, SceneSource, help="A raster.")


def _scenes(field: Field[Any], name: str) -> _Entry:
    return _simple(field, _flag(name), name, sources, multiple=True, help="A raster or a folder; repeatable.")


def _dates(field: Field[Any], name: str) -> _Entry:
    return _simple(
        field, _flag(name), name, lambda path: tuple(read_dates(path)) if path else (), default="", help=DATES_HELP
    )


def _extent(field: Field[Any], name: str) -> _Entry:
    corners = click.option(_flag(name), name, type=float, nargs=4, metavar="XMIN YMIN XMAX YMAX")
    crs = click.option(f"{_flag(name)}-crs", f"{name}_crs", default="", help=f"CRS of {_flag(name)}.")
    return _Entry(field.name, (corners, crs), lambda given: _read_extent(given[name], given[f"{name}_crs"]))


def _read_extent(corners: tuple[float, float, float, float] | None, crs: str) -> Extent | None:
    return Extent(*corners, crs) if corners else None


def _pairs(field: Field[Any], name: str) -> _Entry:
    return _simple(field, _flag(name), name, read_pairs, default=(), multiple=True, help="NAME=VALUE; repeatable.")


def _months(field: Field[Any], name: str) -> _Entry:
    tip = "YYYY-MM=class raster of that month; repeatable."

    def read(texts: tuple[str, ...]) -> tuple[MonthRaster, ...]:
        return tuple(MonthRaster(month, path) for month, path in read_pairs(texts))

    return _simple(field, _flag(name), name, read, default=(), multiple=True, help=tip)


_SPECIAL: dict[Any, Callable[[Field[Any], str], _Entry]] = {
    Series: _series,
    SceneSource: _scene,
    tuple[SceneSource, ...]: _scenes,
    tuple[DateEntry, ...]: _dates,
    Optional[Extent]: _extent,
    tuple[tuple[str, str], ...]: _pairs,
    tuple[MonthRaster, ...]: _months,
}

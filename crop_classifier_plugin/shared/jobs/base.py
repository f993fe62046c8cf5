"""What every job tells of itself. Standard library only: both sides import it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any, ClassVar, TypeVar

Part = TypeVar("Part")


class Job:
    """The jobs are frozen dataclasses of this class; they name those of their fields that are files and folders,
    or fields of their fields, as `written.folder`."""

    kind: ClassVar[str]  # the job's name in JSON; the algorithm and, with dashes, the command are named so too
    entry: ClassVar[str]  # "room.module:function" of the engine
    needs_training: ClassVar[bool] = False  # what is installed on request only
    small_arrays: ClassVar[bool] = False  # works on many arrays of a few MiB, one after the other
    writes_rasters: ClassVar[tuple[str, ...]] = ()  # fields of GeoTIFFs
    writes_files: ClassVar[tuple[str, ...]] = ()  # fields of other files
    writes_folders: ClassVar[tuple[str, ...]] = ()  # fields of folders that files are written into
    reads: ClassVar[tuple[str, ...]] = ()  # fields of files and folders, and of all that has paths()

    def rasters(self) -> tuple[str, ...]:
        """The GeoTIFFs that were asked for."""
        return self._paths(self.writes_rasters)

    def files(self) -> tuple[str, ...]:
        """All files that were asked for by name."""
        return (*self.rasters(), *self._paths(self.writes_files))

    def outputs(self) -> tuple[str, ...]:
        """The files and folders that were asked for."""
        return (*self.files(), *self._paths(self.writes_folders))

    def inputs(self) -> tuple[str, ...]:
        """The files and folders that the user gave."""
        return self._paths(self.reads)

    def _paths(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(path for name in names for path in paths_in(attrgetter(name)(self)))


def paths_in(value: Any) -> Iterator[str]:
    """The paths in a field's value: a path, something that has paths(), None, or a tuple of such."""
    if isinstance(value, tuple):
        for each in value:
            yield from paths_in(each)
    elif isinstance(value, str):
        yield from filter(None, (value,))
    elif value is not None:
        yield from value.paths()


def take(given: dict[str, Any], part: Callable[..., Part]) -> Part:
    """A part of a job, of what is called as its fields; takes that out of `given`."""
    names = [f.name for f in fields(part) if f.name in given]  # type: ignore[arg-type]
    return part(**{name: given.pop(name) for name in names})

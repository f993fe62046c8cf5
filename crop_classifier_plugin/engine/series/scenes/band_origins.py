"""Which file and band each band of a series comes from: a line a kind of file in the log, all of it in the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...execution.reporter import Reporter, Row
from ...raster.band_ref import BandRef, short_name
from .levels import level_of
from .scene import Scene

TABLE = "bands_from"  # of the run record
_MOST = 10  # lines


class _Kind(NamedTuple):
    """What files of one kind have in common."""

    sensor: str
    level: str
    where: str
    names: tuple[tuple[str, str], ...]  # the band and what it is called


def tell_bands(scenes: Sequence[Scene], bands: Sequence[str], reporter: Reporter) -> None:
    """Logs from which names the bands of the scenes were known, and notes every file for the run record."""
    kinds: dict[_Kind, list[BandRef]] = {}
    for scene in scenes:
        refs = [ref for band in bands for ref in scene.of(band)]
        reporter.note(TABLE, (row_of(scene, ref) for ref in refs))
        for sensor, level in dict.fromkeys((ref.origin.sensor, level_of(ref)) for ref in refs):
            own = [ref for ref in refs if (ref.origin.sensor, level_of(ref)) == (sensor, level)]
            names = tuple(dict.fromkeys((ref.band, ref.origin.written) for ref in own))
            kinds.setdefault(_Kind(sensor, level, own[0].origin.where, names), []).append(own[0])
    for kind, refs in list(kinds.items())[:_MOST]:
        reporter.log(_line(kind, refs))
    if len(kinds) > _MOST:
        reporter.log(f"... and {len(kinds) - _MOST} more kinds of files; the run record names all.")


def row_of(scene: Scene, ref: BandRef) -> Row:
    """Everything that was read of a band of a file before its pixels."""
    return {
        "date": scene.date.isoformat(),
        "band": ref.band,
        "file": ref.path,
        "number": ref.index,
        "told_by": ref.origin.where,
        "called": ref.origin.written,
        "sensor": ref.origin.sensor,
        "level": level_of(ref),
        "scale": ref.scale,
        "offset": ref.offset,
        "nodata": None if ref.nodata is None or ref.nodata != ref.nodata else ref.nodata,
        "unit": ref.unit,
    }


def _line(kind: _Kind, refs: list[BandRef]) -> str:
    called = ", ".join(band if band == name else f"{band} = {name or '?'}" for band, name in kind.names)
    of = ", ".join(filter(None, (kind.sensor or "a sensor that no name tells", kind.level)))
    dates = f"{len(refs)} date{'s' if len(refs) > 1 else ''}"
    return f"Bands of {of} ({dates}): {called} ({kind.where}, as in {short_name(refs[0].path)})."

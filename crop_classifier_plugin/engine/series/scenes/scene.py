"""From the rasters a user gave to scenes: one a date, its bands by name, sorted by date."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

import rasterio
from rasterio.crs import CRS
from rasterio.errors import RasterioError

from ....shared.errors import BadRaster, BandTwice
from ....shared.jobs.sources import BandNoData, DateEntry, SceneSource
from ...access.rasters import check_described, open_raster
from ...execution.reporter import Reporter
from ...products import bands
from ...products.band_names import STAC_ITEM, NamedBand, bands_of
from ...products.cubes import texts_of
from ...products.date_table import DateTable, Told
from ...products.discovery import Raster, rasters
from ...products.encodings import coding_of, level_of, radar_unit_of, sensor_of
from ...raster.band_ref import BandOrigin, BandRef, Encoding, file_of
from ...raster.grid import check_degrees, upright
from ...raster.provenance import LEVEL_TAG, SIMULATED_TAG
from ...reporting.sentences import listed
from .given_crs import GivenCrs
from .images import Refs, group_images, usable_refs
from .scene_dates import DateNotes, FileDates


@dataclass(frozen=True)
class Scene:
    """Everything of one acquisition date. A band has several references where several images make it up."""

    date: dt.date
    refs: tuple[BandRef, ...]
    simulated: bool = False  # whether one of its files is marked as simulated

    @property
    def bands(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.band for r in self.refs if r.band))

    def origins(self, bands: Container[str]) -> Iterator[BandOrigin]:
        """What is known of where each of these bands comes from."""
        return (ref.origin for ref in self.refs if ref.band in bands)

    def of(self, band: str) -> tuple[BandRef, ...]:
        return tuple(r for r in self.refs if r.band == band)

    @cached_property
    def images(self) -> tuple[Refs, ...]:
        """Its references by the image that they belong to; masks that belong to none come last."""
        return group_images(self.refs)


def sensors_of(scenes: Iterable[Scene]) -> tuple[str, ...]:
    """Every sensor that the names of the scenes' files tell, sorted."""
    return tuple(sorted({ref.origin.sensor for scene in scenes for ref in scene.refs if ref.band} - {""}))


def read_scenes(
    sources: Sequence[SceneSource],
    reporter: Reporter,
    table: Iterable[DateEntry] | DateTable = (),
    undated: dt.date | None = None,
) -> tuple[Scene, ...]:
    """The scenes of a series, by date. Raises the sentences of missing and ambiguous dates, and of bands given twice.

    A raster, or a band, without a date is left out, with a warning, unless it is named and `undated` is its date;
    where nothing has a date, that is an error.
    """
    notes = _Notes(table if isinstance(table, DateTable) else DateTable(table))
    by_date: dict[dt.date, list[BandRef]] = {}
    marked: set[str] = set()
    for raster in rasters(sources, reporter, notes.table):
        reporter.check()
        with _opened(raster) as file:
            for day, ref in _read_file(file, raster, notes, undated if raster.named else None):
                by_date.setdefault(day, []).append(ref)
            if SIMULATED_TAG in file.tags():
                marked.add(raster.source.path)
    notes.dates.tell(bool(by_date), reporter)
    notes.given.tell(reporter)
    _log_unclear([ref for refs in by_date.values() for ref in refs if ref.origin.several], reporter)
    return _scenes(by_date, marked, reporter)


@dataclass(frozen=True)
class _Notes:
    """What the table tells of the files, and what is to be said of them when all are read."""

    table: DateTable
    dates: DateNotes = field(default_factory=DateNotes)
    given: GivenCrs = field(default_factory=GivenCrs)


def _log_unclear(refs: Sequence[BandRef], reporter: Reporter) -> None:
    """Names the bands that are not read because their names speak of several."""
    names = list(dict.fromkeys(f"{ref.origin.written} ({', '.join(ref.origin.several)})" for ref in refs))
    if names:
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        reporter.log(f"Not read, as several bands are in the name: {'; '.join(names[:10])}{more}.", "warning")


def _scenes(by_date: dict[dt.date, list[BandRef]], marked: set[str], reporter: Reporter) -> tuple[Scene, ...]:
    scenes, replaced = [], []
    for day, found in sorted(by_date.items()):
        refs, older = usable_refs(found)
        scenes.append(Scene(day, refs, any(ref.path in marked for ref in refs)))
        replaced += older
    if replaced:
        reporter.log(f"Products that are there in a newer version, which is used, are left out: {listed(replaced)}.")
    return tuple(scenes)


@contextmanager
def _opened(raster: Raster) -> Iterator[rasterio.DatasetReader]:
    try:
        with open_raster(raster.source.path) as file:
            check_described(raster.source.path, file)
            yield file
    except RasterioError as error:
        raise BadRaster(raster.source.path, str(error)) from None


def _read_file(
    file: rasterio.DatasetReader, raster: Raster, notes: _Notes, undated: dt.date | None
) -> Iterator[tuple[dt.date, BandRef]]:
    """The bands that have a date; those without are noted."""
    told = _told(file, raster, notes.table)
    crs, path = notes.given.of(file, raster, next((each.crs for each in told if each.crs), "")), raster.source.path
    transform = upright(path, file.transform, file.height, file.width)
    check_degrees(path, crs, transform)
    days = notes.dates.dates(FileDates(file, raster), told, undated)
    names = _named(file, raster, told, distinct_days=len(set(days)) == len(days))
    _check_once(path, names, days)
    for index, (day, name) in enumerate(zip(days, names), start=1):
        if day:
            yield day, replace(_ref(file, raster, index, name, crs), transform=transform)


def _check_once(path: str, names: Sequence[NamedBand], days: Sequence[dt.date | None]) -> None:
    """Raises BandTwice for two bands of one file and day with one name."""
    numbers: dict[tuple[str, dt.date], list[int]] = {}
    for index, (name, day) in enumerate(zip(names, days), start=1):
        if name.band and day:
            numbers.setdefault((name.band, day), []).append(index)
    for (band, day), which in numbers.items():
        if len(which) > 1:
            raise BandTwice(path, band, which, day.isoformat())


def _told(file: rasterio.DatasetReader, raster: Raster, table: DateTable) -> list[Told]:
    """What the table of dates tells of each band. Raises BadInput for a band that the file lacks."""
    names = [name for name in (raster.source.name, raster.source.path) if name]
    if file_of(raster.source.path) == raster.source.path:  # a row of a whole cube means each of its rasters
        table.check_bands(names, file.count)
    return [table.find(names, index) for index in range(1, file.count + 1)]


def _ref(file: rasterio.DatasetReader, raster: Raster, index: int, name: NamedBand, crs: CRS) -> BandRef:
    path, dtype, band = raster.source.path, file.dtypes[index - 1], name.band
    scale, offset, nodata = _coding(file, raster, index, band)
    shown = next((each for each in raster.source.no_data if each.band == index), BandNoData(index))
    unit = (file.units[index - 1] or file.tags(index).get("UNITS") or file.tags().get("UNITS") or "").strip()
    return BandRef(
        path=path,
        index=index,
        band=band,
        crs=crs,
        transform=file.transform,
        height=file.height,
        width=file.width,
        dtype=dtype,
        nodata=nodata if shown.of_file or nodata is None else math.nan,
        encoding=Encoding(scale, offset, shown.more),
        origin=BandOrigin(
            written=name.written,
            where=name.where,
            sensor=sensor_of(path, f"{raster.hint}|{raster.source.name}"),
            level=file.tags().get(LEVEL_TAG) or level_of(path, raster.hint),
            several=name.several,
            unit=unit or (radar_unit_of(path) if band in bands.RADAR else ""),
        ),
    )


def _coding(file: rasterio.DatasetReader, raster: Raster, index: int, band: str) -> tuple[float, float, float | None]:
    """Scale, offset and no data of a band: what the file says, else a STAC item, else the name of the product."""
    scale, offset, nodata = file.scales[index - 1], file.offsets[index - 1], file.nodatavals[index - 1]
    if bands.is_mask(band):
        return scale, offset, nodata
    if scale == 1 and offset == 0:
        scale, offset = _tagged_scale(file.tags(index), file.tags())
    by_item = raster.codings[index - 1] if index <= len(raster.codings) else None
    by_name = (
        coding_of(raster.source.path, band, raster.hint, raster.baseline) if "int" in file.dtypes[index - 1] else None
    )
    if by_name and nodata is None:
        nodata = by_name.nodata
    silent = (scale == 1 and offset == 0) or scale > 1  # MODIS files hold the divisor where GDAL looks for a factor
    if silent and by_item:
        scale, offset = by_item
    elif silent and by_name:
        scale, offset = by_name.scale, by_name.offset
    return scale, offset, nodata


def _tagged_scale(*tags: dict[str, str]) -> tuple[float, float]:
    """Scale and offset that some writers leave in plain metadata (SCALE, OFFSET; add_offset, scale_factor)."""
    for each in tags:
        low = {k.lower(): v for k, v in each.items()}
        scale = low.get("scale", low.get("scale_factor", "1"))
        offset = low.get("offset", low.get("add_offset", "0"))
        try:
            if float(scale) != 1 or float(offset) != 0:
                return float(scale), float(offset)
        except ValueError:
            continue
    return 1.0, 0.0


def _named(file: rasterio.DatasetReader, raster: Raster, told: Sequence[Told], distinct_days: bool) -> list[NamedBand]:
    """What each band is: as the table of dates says, the STAC item, or the names in the file and of it."""
    by_table = [NamedBand(each.name, each.name, "table of dates") if each.name else None for each in told]
    if all(by_table):
        return [each for each in by_table if each]
    if len(raster.bands) == file.count:
        found = [NamedBand(band, band, STAC_ITEM) for band in raster.bands]
    else:
        hint = f"{raster.hint}|{raster.source.name}"
        found = bands_of(raster.source.path, texts_of(file), hint, distinct_days)
    return [given or own for given, own in zip(by_table, found)]

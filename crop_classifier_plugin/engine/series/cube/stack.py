"""A stack: the chosen scenes on one grid, read window by window."""

from __future__ import annotations

import datetime as dt
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS

from ....shared.cards.parts import InputSpec
from ...execution.reporter import Reporter
from ...raster.band_ref import BandRef
from ...raster.grid import Grid, Window
from ...raster.masked_resampling import resample, source_window
from ...raster.reader import FileReader, most_open
from ..scenes.cloud_masks import Mask
from ..scenes.images import Image, by_file, masked_images
from ..scenes.levels import common_level
from ..scenes.measured_values import MeasuredValues
from ..scenes.read_series import SceneSeries, files_of
from ..scenes.reflectance import to_reflectance
from ..scenes.scene import Scene
from ..selection.coverage import overlap, places_of, reach_of, sample_windows, windows_of
from .common_grid import checked_size, common_grid

_OPEN = most_open()


@dataclass(frozen=True)
class Layer:
    """One scene of a stack with its mask, and the images it is made of in the order in which they are looked at."""

    scene: Scene
    mask: Mask
    images: tuple[Image, ...]

    @classmethod
    def of(cls, scene: Scene, mask: Mask) -> Layer:
        """The images of finer pixels first."""
        return cls(scene, mask, masked_images(scene.images, mask.refs))

    def warped_to(self, crs: CRS) -> Layer:
        """As GDAL warps files in degrees to metres: it takes them between -180 and 180, never counted on beyond."""
        if crs.is_geographic:
            return self
        return replace(self, images=tuple(Image(_back(i.refs), _back(i.masks)) for i in self.images))


def _back(refs: Sequence[BandRef]) -> tuple[BandRef, ...]:
    return tuple(ref.turned(-360) if ref.beyond_180 else ref for ref in refs)


class Stack:
    """T dates x C bands on one grid. Use it in one thread, and close it (or use `with`)."""

    def __init__(
        self,
        layers: Sequence[Layer],
        spec: InputSpec,
        grid: Grid,
        masked_resampling: bool = False,
        cubic: bool = False,
        measured: MeasuredValues | None = None,
    ) -> None:
        """`masked_resampling`: masked pixels are kept out of resampling too; each file is then masked on its own grid.
        `cubic`: files on another grid are resampled cubically, not bilinearly. `measured`: the rule by which numbers
        count as measured; None = a new one of the spec's."""
        self.layers, self.spec, self.grid, self.masked_resampling, self.cubic = (
            tuple(layers),
            spec,
            grid,
            masked_resampling,
            cubic,
        )
        self._read_from = tuple(layer.warped_to(grid.crs) for layer in self.layers)
        self.measured = measured or MeasuredValues(spec)
        self.sources = files_of(layer.scene for layer in layers) | {r.path for y in layers for r in y.mask.refs}
        self._readers: OrderedDict[tuple[str, tuple[int, ...], str], FileReader | Stack] = OrderedDict()
        self._reach: dict[tuple[str, str, int, int], Window] = {}  # of the images

    @property
    def simulated(self) -> bool:
        """Whether one of its scenes is marked as simulated."""
        return any(layer.scene.simulated for layer in self.layers)

    @property
    def level(self) -> str:
        """Of processing: that of all its scenes, or of those that are not at the surface; "" where it is not known."""
        return common_level((layer.scene for layer in self.layers), self.spec.bands)

    @property
    def dates(self) -> tuple[dt.date, ...]:
        return tuple(layer.scene.date for layer in self.layers)

    @cached_property
    def places(self) -> list[Window]:
        """Where its scenes lie: one window, or several far apart."""
        return places_of(w for layer in self.layers for w in windows_of(layer.scene, self.spec.bands, self.grid))

    def read(self, window: Window, dates: Sequence[int] | None = None) -> NDArray[np.float32]:
        """(T, C, H, W) float32; reflectance x spec.scale; NaN marks no data, cloud and shadow.

        `dates`: some of the dates, by index; None = all.
        """
        chosen = range(len(self.layers)) if dates is None else dates
        cube = np.full((len(chosen), len(self.spec.bands), window.height, window.width), np.nan, np.float32)
        for values, layer in zip(cube, (self._read_from[number] for number in chosen)):
            self._read_date(layer, window, values)
        return cube

    def _read_date(self, layer: Layer, window: Window, values: NDArray[np.float32]) -> None:
        """Fills `values` (C, H, W), all NaN: each pixel from the first image in which it is clear.

        What no image has in all bands is left as the images have it, band by band.
        """
        done = np.zeros(values.shape[1:], np.bool_)
        for image in layer.images:
            refs = image.of(self.spec.bands)
            if not refs or done.all() or not self._reaches(refs, window):
                continue
            found = self._read_image(layer, image, refs, window)
            whole = ~np.isnan(found).any(axis=0) & ~done
            values[:, whole] = found[:, whole]
            done |= whole
            np.copyto(values, found, where=np.isnan(values) & ~done)

    def _reaches(self, refs: Sequence[BandRef], window: Window) -> bool:
        key = refs[0].path, refs[-1].path, refs[0].index, len(refs)
        if key not in self._reach:
            self._reach[key] = reach_of(refs, self.grid)
        return overlap(self._reach[key], window)

    def _read_image(self, layer: Layer, image: Image, refs: Sequence[BandRef], window: Window) -> NDArray[np.float32]:
        """(C, H, W): NaN where the image has no data, and where its mask says not to use it."""
        found = np.full((len(self.spec.bands), window.height, window.width), np.nan, np.float32)
        for of_file in by_file(refs):
            for ref, plane in zip(of_file, self._planes(layer, image, of_file, window)):
                into = found[self.spec.bands.index(ref.band)]
                np.copyto(into, plane, where=np.isnan(into))
        found[:, self._masked(layer.mask, image.masks, window)] = np.nan
        return found

    def _planes(self, layer: Layer, image: Image, refs: Sequence[BandRef], window: Window) -> NDArray[np.float32]:
        """(bands, H, W) reflectance x spec.scale of some bands of one file."""
        first = refs[0]
        own = Grid(first.crs, first.transform, first.height, first.width)
        upright = not first.transform.b and first.transform.e < 0
        lattice = self.grid.same_lattice(own.crs, own.transform)
        if self.masked_resampling and image.masks and upright and not lattice:
            return self._resampled(layer, replace(image, refs=tuple(refs)), own, window)
        planes = self._reader(refs, smooth=True).read(window)
        return np.stack([to_reflectance(plane, ref, self.spec) for ref, plane in zip(refs, planes)])

    def _resampled(self, layer: Layer, image: Image, own: Grid, window: Window) -> NDArray[np.float32]:
        """As _planes, masked on the file's own grid before it is resampled."""
        target = self.grid.sub(window)
        part = source_window(target, own)
        if part is None:
            return np.full((len(image.refs), window.height, window.width), np.nan, np.float32)
        alone = replace(layer, images=(image,))
        spec = replace(self.spec, bands=tuple(r.band for r in image.refs))
        native: Stack = self._kept(image.refs, "native", lambda: Stack([alone], spec, own, measured=self.measured))
        return resample(native.read(part)[0], own.sub(part), target, self.cubic)

    def _masked(self, mask: Mask, files: Sequence[BandRef], window: Window) -> NDArray[np.bool_]:
        """(H, W): where the mask of a date, read from these files, says not to use the pixel.

        Where a product's mask exists elsewhere but not here, the pixel may be cloud: it is not used. Outside a user's
        mask layer nothing is masked.
        """
        values = np.full((window.height, window.width), np.nan, np.float32)
        for refs in by_file(files):
            for plane in self._reader(refs, smooth=False).read(window):
                np.copyto(values, plane, where=np.isnan(values))
        return mask.of(values)

    def _reader(self, refs: Sequence[BandRef], smooth: bool) -> FileReader:
        nodata = self.spec.nodata if smooth and not math.isnan(self.spec.nodata) else None
        kind = "smooth" if smooth else "exact"
        hide = self.measured.hide if smooth else None
        reader: FileReader = self._kept(
            refs, kind, lambda: FileReader(refs, self.grid, smooth, nodata, self.cubic, hide)
        )
        return reader

    def _kept(self, refs: Sequence[BandRef], kind: str, open_it: Callable[[], FileReader | Stack]) -> Any:
        """An open file; the one that was not used for longest is closed when there are too many."""
        key = (refs[0].path, tuple(r.index for r in refs), kind)
        if key not in self._readers:
            if len(self._readers) >= _OPEN:
                self._readers.popitem(last=False)[1].close()
            self._readers[key] = open_it()
        self._readers.move_to_end(key)
        return self._readers[key]

    def part(self, dates: Sequence[int], bands: Sequence[str] = (), measured: MeasuredValues | None = None) -> Stack:
        """Some of the dates (by index), and some bands, on the same grid: a stack of its own, to be closed.

        `measured`: another rule than this stack's by which numbers count as measured.
        """
        spec = replace(self.spec, bands=tuple(bands)) if bands else self.spec
        layers = [self.layers[t] for t in dates]
        return Stack(layers, spec, self.grid, self.masked_resampling, self.cubic, measured or self.measured)

    def on(self, grid: Grid) -> Stack:
        """The same series on another grid; this one is closed."""
        self.close()
        other = Stack(self.layers, self.spec, grid, self.masked_resampling, self.cubic, self.measured)
        other.sources = self.sources
        return other

    def close(self) -> None:
        while self._readers:
            self._readers.popitem()[1].close()

    def __enter__(self) -> Stack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


# --- samples --------------------------------------------------------------------------------------------------------


class ClearShares:
    """The clear share of a scene: of the area that is asked for, or of all that any of the scenes covers.

    From sample windows; each scene is read once.
    """

    def __init__(self, spec: InputSpec, series: SceneSeries, reporter: Reporter) -> None:
        """`series`: its scenes are those whose ground counts."""
        self._spec, self._series, self._reporter = spec, series, reporter
        self._known: dict[dt.date, float] = {}

    def __call__(self, scene: Scene) -> float:
        if scene.date not in self._known:
            self._reporter.check()
            layer = Layer.of(scene, self._series.masks.mask_of(scene))
            with Stack([layer], self._spec, self._grid) as stack:
                self._known[scene.date] = clear_share(stack, 0, self._places, bool(self._series.extent))
        return self._known[scene.date]

    @cached_property
    def _grid(self) -> Grid:
        spec = replace(self._spec, pixel_tolerance=math.inf)
        usable = [s for s in self._series.scenes if set(spec.bands) <= set(s.bands)]
        return checked_size(common_grid(usable, spec, self._series.extent))

    @cached_property
    def _places(self) -> list[Window]:
        found = (windows_of(scene, self._spec.bands, self._grid) for scene in self._series.scenes)
        return places_of(window for windows in found for window in windows)


def clear_share(stack: Stack, date: int, places: Sequence[Window], of_grid: bool = False) -> float:
    """The share of the pixels of some places that a date shows clear in every band, judged by sample windows of each.

    `of_grid`: of the whole grid, of which nothing is clear beside these places.
    """
    clear = 0.0
    for place in places:
        seen = [~np.isnan(stack.read(w, [date])[0]).any(axis=0) for w in sample_windows(place)]
        clear += place.height * place.width * float(sum(s.sum() for s in seen) / sum(s.size for s in seen))
    whole = stack.grid.height * stack.grid.width if of_grid else sum(p.height * p.width for p in places)
    return clear / whole if whole else 0.0


def sample(stack: Stack, date: int, measured: MeasuredValues | None = None) -> NDArray[np.float32]:
    """(C, N) values of one date in sample windows of the places that it reaches; NaN marks no data. `measured`: as in
    Stack.part."""
    bands = stack.spec.bands
    places = places_of(windows_of(stack.layers[date].scene, bands, stack.grid))
    with stack.part([date], measured=measured) as one:
        values = [one.read(w)[0].reshape(len(bands), -1) for place in places for w in sample_windows(place)]
    return np.concatenate([np.zeros((len(bands), 0), np.float32), *values], axis=1)

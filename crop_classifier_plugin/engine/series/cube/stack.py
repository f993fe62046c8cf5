"""A stack: the chosen scenes on one grid, read window by window."""

from __future__ import annotations

import datetime as dt
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.cards.parts import InputSpec
from ...execution.reporter import Reporter
from ...raster.band_ref import BandRef
from ...raster.grid import Grid, Window
from ...raster.masked_resampling import resample, source_window
from ...raster.reader import FileReader, most_open
from ..scenes.cloud_masks import Mask, reaches
from ..scenes.levels import common_level
from ..scenes.measured_values import MeasuredValues
from ..scenes.read_series import SceneSeries, files_of
from ..scenes.reflectance import to_reflectance
from ..scenes.scene import Scene
from .common_grid import common_grid

_SAMPLE = 64  # px, side of the windows that clear shares and units are judged by
_SAMPLES = 4  # windows an axis
_OPEN = most_open()


@dataclass(frozen=True)
class Layer:
    """One scene of a stack with its mask."""

    scene: Scene
    mask: Mask


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
        self.measured = measured or MeasuredValues(spec)
        self.sources = files_of(layer.scene for layer in layers) | {r.path for y in layers for r in y.mask.refs}
        self._readers: OrderedDict[tuple[str, tuple[int, ...], str], FileReader | Stack] = OrderedDict()

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

    def read(self, window: Window, dates: Sequence[int] | None = None) -> NDArray[np.float32]:
        """(T, C, H, W) float32; reflectance x spec.scale; NaN marks no data, cloud and shadow.

        `dates`: some of the dates, by index; None = all.
        """
        chosen = range(len(self.layers)) if dates is None else dates
        cube = np.full((len(chosen), len(self.spec.bands), window.height, window.width), np.nan, np.float32)
        for t, layer in enumerate(self.layers[number] for number in chosen):
            refs_read = [r for band in self.spec.bands for r in layer.scene.of(band)]
            for refs in by_file(refs_read):
                for ref, plane in zip(refs, self._planes(layer, refs, window)):
                    into = cube[t, self.spec.bands.index(ref.band)]
                    np.copyto(into, plane, where=np.isnan(into))
            cube[t, :, self._masked(layer.mask, window)] = np.nan
        return cube

    def _planes(self, layer: Layer, refs: Sequence[BandRef], window: Window) -> NDArray[np.float32]:
        """(bands, H, W) reflectance x spec.scale of some bands of one file."""
        first = refs[0]
        own = Grid(first.crs, first.transform, first.height, first.width)
        upright = not first.transform.b and first.transform.e < 0
        if (
            self.masked_resampling
            and layer.mask.refs
            and upright
            and not self.grid.same_lattice(own.crs, own.transform)
        ):
            return self._resampled(layer, refs, own, window)
        planes = self._reader(refs, smooth=True).read(window)
        return np.stack([to_reflectance(plane, ref, self.spec) for ref, plane in zip(refs, planes)])

    def _resampled(self, layer: Layer, refs: Sequence[BandRef], own: Grid, window: Window) -> NDArray[np.float32]:
        """As _planes, masked on the file's own grid before it is resampled."""
        target = self.grid.sub(window)
        part = source_window(target, own)
        if part is None:
            return np.full((len(refs), window.height, window.width), np.nan, np.float32)
        alone = Layer(Scene(layer.scene.date, tuple(refs)), layer.mask)
        spec = replace(self.spec, bands=tuple(r.band for r in refs))
        native: Stack = self._kept(refs, "native", lambda: Stack([alone], spec, own, measured=self.measured))
        return resample(native.read(part)[0], own.sub(part), target, self.cubic)

    def _masked(self, mask: Mask, window: Window) -> NDArray[np.bool_]:
        """(H, W): where the mask of a date says not to use the pixel.

        Where a product's mask exists elsewhere but not here, the pixel may be cloud: it is not used. Outside a user's
        mask layer nothing is masked.
        """
        values = np.full((window.height, window.width), np.nan, np.float32)
        for refs in by_file(mask.refs):
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


def by_file(refs: Iterable[BandRef]) -> list[list[BandRef]]:
    """The references grouped by their file (and no-data value), so that each file is read once a window."""
    groups: dict[tuple[str, str], list[BandRef]] = {}
    for ref in refs:
        groups.setdefault((ref.path, str(ref.nodata)), []).append(ref)
    return list(groups.values())


# --- masks and clear shares ------------------------------------------------------------------------------------------


def log_mask_gaps(layers: Sequence[Layer], spec: InputSpec, grid: Grid, reporter: Reporter) -> None:
    """One line about the dates whose mask does not reach all of their data."""
    short = [layer for layer in layers if not reaches(layer.scene, layer.mask, spec.bands, grid)]
    if short:
        days = ", ".join(f"{layer.scene.date} ({layer.mask.name})" for layer in short)
        reporter.log(f"The cloud mask misses part of the scene, which counts as no data: {days}.", "warning")


class ClearShares:
    """The clear share of a scene, from sample windows; each scene is read once."""

    def __init__(self, spec: InputSpec, series: SceneSeries, reporter: Reporter) -> None:
        self._spec, self._series, self._reporter = spec, series, reporter
        self._known: dict[dt.date, float] = {}

    def __call__(self, scene: Scene) -> float:
        if scene.date not in self._known:
            self._reporter.check()
            self._known[scene.date] = self._measure(scene)
        return self._known[scene.date]

    def _measure(self, scene: Scene) -> float:
        grid = common_grid([scene], replace(self._spec, pixel_tolerance=math.inf), self._series.extent)
        layer = Layer(scene, self._series.masks.mask_of(scene))
        with Stack([layer], self._spec, grid) as stack:
            clear = [~np.isnan(stack.read(w)).any(axis=(0, 1)) for w in sample_windows(grid)]
        return float(sum(c.sum() for c in clear) / sum(c.size for c in clear))


def sample_windows(grid: Grid) -> Iterator[Window]:
    """At most 4 x 4 windows of 64 x 64 px, evenly spread; small grids are covered whole."""
    for row, height in _spread(grid.height):
        for col, width in _spread(grid.width):
            yield Window(row, col, height, width)


def _spread(size: int) -> list[tuple[int, int]]:
    if size <= _SAMPLE * _SAMPLES:
        return [(start, min(_SAMPLE, size - start)) for start in range(0, size, _SAMPLE)]
    step = (size - _SAMPLE) / (_SAMPLES - 1)
    return [(round(i * step), _SAMPLE) for i in range(_SAMPLES)]


def sample(stack: Stack, date: int, measured: MeasuredValues | None = None) -> NDArray[np.float32]:
    """(C, N) values of one date in the sample windows; NaN marks no data. `measured`: as in Stack.part."""
    with stack.part([date], measured=measured) as one:
        values = [one.read(w)[0].reshape(len(one.spec.bands), -1) for w in sample_windows(one.grid)]
    return np.concatenate(values, axis=1)

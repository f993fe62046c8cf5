"""Whether the values of a stack can be what its bands are: judged by samples of every scene, told before any work.

A scene whose values cannot be is a fault of its unit, or what little its mask left of it is cloud. A whole series is
judged by all of its dates: such a scene is left out and named; where most are such, the job stops and says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...execution.reporter import Reporter
from ...products.bands import OPTICAL
from ...raster.band_ref import BandRef
from ...reporting.sentences import listed
from ..scenes.images import Image
from ..scenes.measured_values import POSSIBLE, Possible
from ..scenes.quantity import INDEX, RADAR, model_quantity
from ..scenes.reflectance import check_offset, factors_of, looks_shifted
from ..scenes.scene import Scene
from ..scenes.value_faults import Fault, index_fault, percent_fault, reflectance_fault
from .stack import Layer, Stack, sample


def check_values(stack: Stack, reporter: Reporter) -> None:
    """Tells what cannot be measured and is hidden. Raises the sentence of the first scene that cannot be right."""
    faults = _look(stack, reporter)
    if faults:
        raise next(iter(faults.values())).error


def usable_layers(stack: Stack, reporter: Reporter) -> tuple[Layer, ...]:
    """As check_values, but leaves single scenes out, with a warning.

    Raises where at least half of the scenes cannot be right, and for reflectance without its scale: that is no cloud.
    """
    faults = _look(stack, reporter)
    stopping = [fault for fault in faults.values() if fault.of_unit]
    if stopping or 2 * len(faults) >= len(stack.layers) > 0:
        raise (stopping or list(faults.values()))[0].error
    if faults:
        reporter.log(_left_out(stack, faults), "warning")
        days = {str(stack.layers[t].scene.date): fault.reason for t, fault in faults.items()}
        reporter.note("left_out", ({"date": day, "reason": reason} for day, reason in days.items()))
    return tuple(layer for t, layer in enumerate(stack.layers) if t not in faults)


def _left_out(stack: Stack, faults: Mapping[int, Fault]) -> str:
    days = [f"{stack.layers[t].scene.date} ({fault.reason})" for t, fault in faults.items()]
    return (
        "Left out, because what their masks leave of them cannot be surface reflectance (clouds that the mask missed, "
        f"or another unit): {listed(days)}."
    )


def _look(stack: Stack, reporter: Reporter) -> dict[int, Fault]:
    """The first fault of each date that has one, by the date's number. Says in the log what is hidden."""
    quantity = model_quantity(stack.spec.bands)
    faults: dict[int, Fault] = {}
    shifted = []
    for t, layer in enumerate(stack.layers):
        reporter.check()
        if quantity is RADAR:
            sample(stack, t)  # counts what is hidden
            continue
        if quantity is not INDEX:
            check_offset(layer.scene, stack.spec)
        for scene, sampled in _views(stack, t):
            fault = _fault(stack, scene, sampled)
            if fault:
                faults.setdefault(t, fault)
            elif quantity is not INDEX and looks_shifted(sampled, scene, stack.spec):
                shifted.append(scene.date)
    stack.measured.tell(reporter)
    if shifted:
        reporter.log(
            f"No dark pixel in {listed(dict.fromkeys(shifted))}: the values look like Sentinel-2 baseline 04.00 "
            "without its offset; if so, set it (gdal_edit.py -scale 0.0001 -offset -0.1).",
            "warning",
        )
    return faults


def _views(stack: Stack, date: int) -> Iterator[tuple[Scene, NDArray[np.float32]]]:
    """(C, N) samples of a date: of the images of one sensor and unit together, of others by themselves."""
    layer, rule = stack.layers[date], stack.measured.fill_alone()
    kinds: dict[object, list[Image]] = {}
    for image in layer.images:
        refs = image.of(stack.spec.bands)
        if refs:
            of = {(ref.encoding.scale, ref.encoding.offset, ref.unit, ref.origin.sensor, ref.dtype) for ref in refs}
            kinds.setdefault(frozenset(of), []).append(image)
    if len(kinds) < 2:
        yield layer.scene, sample(stack, date, rule)
        return
    for images in kinds.values():
        scene = replace(layer.scene, refs=tuple(ref for image in images for ref in image.refs))
        alone = replace(layer, scene=scene, images=tuple(images))
        with Stack([alone], stack.spec, stack.grid, stack.masked_resampling, stack.cubic) as part:
            yield scene, sample(part, 0, rule)


def _fault(stack: Stack, scene: Scene, sampled: NDArray[np.float32]) -> Fault | None:
    """What is wrong with a date, (C, N) of which is sampled; else counts what the rule hides of it."""
    for values, band in zip(sampled, stack.spec.bands):
        values = values[~np.isnan(values)]
        if not values.size:
            continue
        ref = scene.of(band)[0]
        judge = index_fault if band in INDEX.bands else reflectance_fault
        fault = judge(values, ref, stack.spec)
        if fault:
            return fault
        _count(stack, values, ref)
    optical = [c for c, band in enumerate(stack.spec.bands) if band in OPTICAL and scene.of(band)]
    refs = [scene.of(stack.spec.bands[c])[0] for c in optical]
    return percent_fault(sampled[optical], refs, stack.spec) if optical else None


def _count(stack: Stack, values: NDArray[np.float32], ref: BandRef) -> None:
    """Adds the values that are out of range, as numbers of the file, to what is told."""
    what = POSSIBLE.get(ref.band, Possible())
    out = values[what.excludes(values / stack.spec.scale)]
    scale, offset = factors_of(ref, stack.spec)
    stack.measured.count(ref, (out / stack.spec.scale - offset) / scale, 0)

"""What a model to be trained will ask of a series, from its job."""

from __future__ import annotations

from dataclasses import replace

from ....shared.cards.parts import SURFACE, DateSpec, DayWindow, InputSpec, RadarSpec
from ....shared.jobs.train import TrainJob
from ...series.scenes.quantity import INDEX, OPTICAL

_PIXEL = 10.0  # m, of a job that was not completed from its series


def input_spec_of(job: TrainJob, tensors: tuple[str, ...]) -> InputSpec:
    """What the model will ask of a series; `tensors`: the inputs of the network."""
    asked = job.model_inputs
    values = INDEX if set(asked.bands) <= set(INDEX.bands) else OPTICAL
    return InputSpec(
        model=job.title,
        bands=asked.bands,
        dates=DateSpec(
            windows=tuple(DayWindow(first, last) for first, last in asked.windows),
            reduce=asked.reduce or "clearest",
            min_dates=max(asked.min_dates, 0),
            monthly=bool(job.labels.months),
        ),
        radar=RadarSpec(bands=asked.radar_bands if job.has_radar else (), unit=asked.radar_unit),
        pixel_size=asked.pixel_size or _PIXEL,
        scale=values.scale,
        level=asked.level or SURFACE,
        nodata=values.source_nodata,
        tensors=tensors,
    )


def series_spec_of(job: TrainJob) -> InputSpec:
    """What the training asks of a series: as the model, but all months that its samples need at once."""
    months = [12 * int(month[:4]) + int(month[5:]) for month in job.labels.months]
    spec = input_spec_of(job, ("x", "doy"))  # any month may be named: the labels tell which
    if not months:
        return spec
    windows = spec.dates.windows[:1] * (len(job.model_inputs.windows) + max(months) - min(months))
    return replace(spec, dates=replace(spec.dates, windows=windows))

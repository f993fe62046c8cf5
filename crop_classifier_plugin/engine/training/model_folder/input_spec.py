"""What a model to be trained will ask of a series, from its job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ....shared.cards.parts import DateSpec, DayWindow, InputSpec, RadarSpec
from ....shared.jobs.train import TrainJob
from ...series.scenes.quantity import INDEX, OPTICAL

_PIXEL = 10.0  # m, of a job that was not completed from its series


def input_spec_of(job: TrainJob, tensors: tuple[str, ...]) -> InputSpec:
    """What the model will ask of a series; `tensors`: the inputs of the network."""
    values = INDEX if set(job.bands) <= set(INDEX.bands) else OPTICAL
    return InputSpec(
        model=job.title or job.name or Path(job.model).name,
        bands=job.bands,
        dates=DateSpec(
            windows=tuple(DayWindow(first, last) for first, last in job.windows),
            reduce=job.reduce or "clearest",
            min_dates=max(job.least_dates, 0),
            monthly=bool(job.month_fields),
        ),
        radar=RadarSpec(bands=job.radar_bands if job.radar else (), unit=job.radar_unit),
        pixel_size=job.pixel_size or _PIXEL,
        scale=values.scale,
        nodata=values.source_nodata,
        tensors=tensors,
    )


def series_spec_of(job: TrainJob) -> InputSpec:
    """What the training asks of a series: as the model, but all months that its samples need at once."""
    months = [12 * int(month[:4]) + int(month[5:]) for month, _ in job.month_fields]
    spec = input_spec_of(job, ("x", "doy"))  # any month may be named: the labels tell which
    if not months:
        return spec
    windows = spec.dates.windows[:1] * (len(job.windows) + max(months) - min(months))
    return replace(spec, dates=replace(spec.dates, windows=windows))

"""Optical and radar scenes of a few dated days, each told by its day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from crop_classifier_plugin.shared.cards.parts import DateSpec, InputSpec
from crop_classifier_plugin.shared.cards.parts import DayWindow as Days
from kits.cards import changed
from kits.rasters import write_raster

BANDS = ("B04", "B8A")


def optical(folder: Path, day: str, clouds: float = 0.3, **profile: Any) -> None:
    """A scene of 24 x 30 px with its SCL, in the folder; some of it is cloud."""
    rng = np.random.default_rng(int(day.replace("-", "")))
    values = rng.integers(300, 5000, (2, 24, 30)).astype(np.uint16)
    mask = np.where(rng.random((1, 24, 30)) < clouds, 9, 4).astype(np.uint16)
    names = (*BANDS, "SCL")
    write_raster(folder / f"S2_{day.replace('-', '')}.tif", np.concatenate([values, mask]), names=names, **profile)


def radar(folder: Path, day: str, decibel: bool = True, **profile: Any) -> None:
    """A scene of 12 x 15 px of 20 m, backscatter of VV and VH; two of its pixels are no data."""
    rng = np.random.default_rng(int(day.replace("-", "")) + 7)
    values = rng.normal([[[-10]], [[-17]]], 2, (2, 12, 15))
    values[:, 3, 4:6] = np.nan
    values = values if decibel else 10 ** (values / 10)
    settings = {"names": ("VV", "VH"), "pixel": 20.0, "nodata": np.nan} | profile
    write_raster(folder / f"S1_{day.replace('-', '')}.tif", values.astype(np.float32), **settings)


def filled(place: Path) -> Path:
    """Folders s2 and s1 of dated scenes, two fifths of the optical ones clouded."""
    for day in ("2023-05-04", "2023-05-19", "2023-06-11", "2023-07-03", "2023-07-28"):
        optical(place / "s2", day, clouds=0.4)
    for day in ("2023-05-02", "2023-05-14", "2023-06-07", "2023-06-19", "2023-07-01"):
        radar(place / "s1", day)
    return place


MAY, JUNE, JULY = Days(121, 151), Days(152, 181), Days(182, 212)  # the months of 2023


def need(**changes: Any) -> InputSpec:
    return changed(InputSpec("test", BANDS, DateSpec((MAY, JUNE, JULY), "median", 1)), **changes)


def write_both(folder: Path) -> Path:
    """Folders s2 and s1 of six scenes each in May, June and July."""
    for day in ("2023-05-04", "2023-05-19", "2023-05-27", "2023-06-11", "2023-07-03", "2023-07-28"):
        optical(folder / "s2", day)
    for day in ("2023-05-02", "2023-05-14", "2023-05-26", "2023-06-07", "2023-07-01", "2023-07-13"):
        radar(folder / "s1", day)
    return folder

"""What QGIS shows of a raster layer as no data: the user's own values and ranges, and the file's value switched off."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

from qgis.core import QgsRasterDataProvider, QgsRasterLayer, QgsRasterRange

from ..shared.jobs.sources import BandNoData

_MOST = sys.float_info.max  # an open end: JSON has no infinity
_BOUNDS = QgsRasterRange.BoundsType


def no_data_of(layer: QgsRasterLayer) -> tuple[BandNoData, ...]:
    """Of the bands for which the layer differs from its file."""
    provider = layer.dataProvider()
    bands = (_band(provider, number) for number in range(1, layer.bandCount() + 1))
    return tuple(band for band in bands if band.more or not band.of_file)


def said(layer: QgsRasterLayer) -> Iterator[str]:
    """What is to be said of a layer whose file alone is read."""
    found = no_data_of(layer)
    added = sorted({_text(each) for band in found for each in layer.dataProvider().userNoDataValues(band.band)})
    if added:
        yield (
            f"The additional no data values of the layer {layer.name()} ({', '.join(added)}) are known to QGIS "
            "alone and are not used: export the layer with them as its no data, and give that."
        )
    if not all(band.of_file for band in found):
        yield f"QGIS shows the no data of the layer {layer.name()} as values; they are read as no data."


def _band(provider: QgsRasterDataProvider, number: int) -> BandNoData:
    scale, offset = provider.bandScale(number), provider.bandOffset(number)
    more = tuple(_numbers(each, scale, offset) for each in provider.userNoDataValues(number))
    off = provider.sourceHasNoDataValue(number) and not provider.useSourceNoDataValue(number)
    return BandNoData(number, more, not off)


def _numbers(values: QgsRasterRange, scale: float, offset: float) -> tuple[float, float]:
    """The range, which QGIS holds against scaled values, in the numbers of the file; both ends belong to it."""
    low = -_MOST if math.isnan(values.min()) else values.min()
    high = _MOST if math.isnan(values.max()) else values.max()
    low = _moved(low, values.bounds() in (_BOUNDS.IncludeMinAndMax, _BOUNDS.IncludeMin), -1)
    high = _moved(high, values.bounds() in (_BOUNDS.IncludeMinAndMax, _BOUNDS.IncludeMax), 1)
    ends = sorted(min(max((end - offset) / scale, -_MOST), _MOST) for end in (low, high))
    return ends[0], ends[1]


def _moved(end: float, included: bool, outwards: int) -> float:
    """An end that is included reaches a little farther, one that is not a little less far: rounding decides nothing."""
    if abs(end) == _MOST:
        return end
    return end + (outwards if included else -outwards) * max(abs(end), 1.0) * 1e-9


def _text(values: QgsRasterRange) -> str:
    return f"{values.min():g}" if values.min() == values.max() else f"{values.min():g} to {values.max():g}"

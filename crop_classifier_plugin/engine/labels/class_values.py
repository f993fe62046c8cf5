"""Which pixels of a class raster say something: one rule for maps, references and labels to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import MaskFlags

from ...shared.legend import plain
from ..execution.value_counts import is_small
from .class_names import Named, described

_NO_CLASS = {"no data", "nodata", "unclassified", "not classified", "unlabelled", "unlabeled"}  # ENVI's 0 and its like


class ClassValues:
    """The values of a class raster's first band.

    What the file declares as no data, by a value or by a mask, says nothing; every other value is a class, 0 like the
    rest. Only where the file declares nothing, a 0 to which it gives no name is taken for no data (choice), and said.
    """

    def __init__(self, path: str, dataset: Any) -> None:
        names, self.names_from = described(path, dataset)
        self.dtype = np.dtype(dataset.dtypes[0])
        self._path, self._dataset = path, dataset
        self._drop_zero = _is_no_class(names[0]) if 0 in names else not _declares_no_data(dataset)
        nothing = {dataset.nodata, 0 if self._drop_zero else None}
        self.names: dict[int, Named] = {value: name for value, name in names.items() if value not in nothing}
        self.zeros = False  # whether zeros were left out so far
        self.silent = [int(value) for value in nothing if _is_value_of(self.dtype, value)]
        self._declares_zero = dataset.nodata == 0
        self.by_value = is_small(self.dtype) and _masked_by_value(dataset)  # so that no mask need be read

    def read_values(self, area: rasterio.windows.Window) -> NDArray[Any]:
        """(H, W) values, known or not. Raises GDAL's errors."""
        values: NDArray[Any] = self._dataset.read(1, window=area)
        return values

    def are_known(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of some distinct values say something, where the value alone tells it (`by_value`)."""
        if self._drop_zero and not self._declares_zero:
            self.zeros = self.zeros or bool((values == 0).any())
        return ~np.isin(values, self.silent)

    def read(self, area: rasterio.windows.Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """(H, W) values and (H, W) whether they are known. Raises GDAL's errors."""
        values = self._dataset.read(1, window=area)
        return values, self.known(values, self._dataset.read_masks(1, window=area))

    def known(self, values: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.bool_]:
        """(H, W) whether the values say something; `mask` is 0 where GDAL calls them no data."""
        known: NDArray[np.bool_] = (mask > 0) & np.isfinite(values)
        if self._drop_zero:
            zero = known & (values == 0)
            self.zeros = self.zeros or bool(zero.any())
            known &= ~zero
        return known

    @property
    def note(self) -> tuple[str, ...]:
        """What to say of the zeros, when all was read; nothing where none was left out."""
        if not self.zeros:
            return ()
        return (
            f"{self._path} declares no value as no data, and its 0 is no named class: 0 was taken for no data. If 0 is "
            "a class, give it a name, or declare another value as no data (gdal_edit.py -a_nodata 255).",
        )


def _declares_no_data(dataset: Any) -> bool:
    return dataset.nodata is not None or MaskFlags.all_valid not in dataset.mask_flag_enums[0]


def _masked_by_value(dataset: Any) -> bool:
    flags, nodata = set(dataset.mask_flag_enums[0]), dataset.nodata
    return flags == {MaskFlags.all_valid} or (flags == {MaskFlags.nodata} and _is_value_of(dataset.dtypes[0], nodata))


def _is_value_of(dtype: Any, value: float | None) -> bool:
    """Whether an unsigned dtype can hold the value."""
    kind = np.dtype(dtype)
    return value is not None and kind.kind == "u" and 0 <= value <= np.iinfo(kind).max and float(value).is_integer()


def _is_no_class(named: Named) -> bool:
    return plain(named.name) in _NO_CLASS

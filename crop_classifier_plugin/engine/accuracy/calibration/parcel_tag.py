"""What class probabilities tell of how sure a map is of whole parcels: the model's own words, in the file's tags."""

from __future__ import annotations

from ....shared.cards.calibration import ParcelCalibration
from ....shared.errors import BadInput, BadRaster
from ....shared.texts.bounded import parsed_json
from ...access.rasters import open_raster
from ...raster.provenance import PARCEL_TAG
from ...raster.writer import GDAL_ERRORS


def read_parcel_calibration(path: str) -> ParcelCalibration | None:
    """None where the file tells none. Raises BadRaster, and BadInput for a tag that cannot be meant."""
    try:
        with open_raster(path) as dataset:
            told = dataset.tags().get(PARCEL_TAG, "")
    except GDAL_ERRORS as error:
        raise BadRaster(path, str(error)) from None
    try:
        return ParcelCalibration.from_dict(parsed_json(told, path)) if told else None
    except (BadInput, ValueError, LookupError, TypeError, AttributeError):
        raise BadInput(
            f"The tag {PARCEL_TAG} of {path} tells no calibration of parcels: make the class probabilities again."
        ) from None

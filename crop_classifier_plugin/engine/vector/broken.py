"""What the libraries raise for a vector file that is broken, or lies nowhere that the others lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, GeometryError
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from ...shared.errors import BadInput

BROKEN = (
    *(DataSourceError, DataLayerError, CRSError, FeatureError, GeometryError),
    ShapelyError,  # GEOS's among them
    ProjError,
    UnicodeDecodeError,
)


@contextmanager
def moving(name: str) -> Iterator[None]:
    """While geometries are brought into another system. Raises BadInput where there is no way to it."""
    try:
        yield
    except ProjError as error:
        raise BadInput(
            f"There is no way from the CRS of {name} to that of the other layers ({error}): assign the right one."
        ) from None

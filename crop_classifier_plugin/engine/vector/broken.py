"""What the libraries raise for a vector file that is broken."""

from __future__ import annotations

from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, GeometryError
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

BROKEN = (
    *(DataSourceError, DataLayerError, CRSError, FeatureError, GeometryError),
    ShapelyError,  # GEOS's among them
    ProjError,
    UnicodeDecodeError,
)

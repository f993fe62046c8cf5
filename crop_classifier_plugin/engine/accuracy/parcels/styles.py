"""How parcels look: by crop, by doubt."""

from __future__ import annotations

import geopandas

from ....shared.legend import Legend
from ...vector.geopackage import write_layer
from ...vector.layer_styles import VectorStyle, add_styles, by_amount, by_class, qml_text

LAYER = "parcels"
_DOUBT = (  # one light-to-dark ramp: readable by the colour-blind and in print
    (0.0, 0.2, "sure (below 20 %)", (255, 255, 229)),
    (0.2, 0.4, "20 to 40 %", (254, 217, 142)),
    (0.4, 0.6, "40 to 60 %", (254, 153, 41)),
    (0.6, 0.8, "60 to 80 %", (204, 76, 2)),
    (0.8, 1.0, "doubtful (80 % and more)", (102, 37, 6)),
)


def write_parcels(
    path: str, table: geopandas.GeoDataFrame, legend: Legend, extra: tuple[VectorStyle, ...] = ()
) -> None:
    """A GeoPackage with the parcels and their styles; of `extra` styles the first is what QGIS shows."""
    write_layer(path, LAYER, table, multi=True)
    crops = by_class("map_name", {crop.name: crop.rgb for crop in legend}, "no crop in the map")
    doubt = by_amount("entropy" if table["entropy"].notna().any() else "1 - map_share", _DOUBT)
    styles = (
        VectorStyle("Crop", qml_text(crops), "The crop that most of the parcel has in the map"),
        VectorStyle("Doubt", qml_text(doubt), "How unsure the map is of the parcel"),
    )
    add_styles(path, LAYER, (*extra, *styles))

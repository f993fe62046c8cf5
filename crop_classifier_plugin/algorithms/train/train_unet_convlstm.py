"""Training of VUnetConvLSTM on labels that change by month, or of UnetConvLSTM on those of one month."""

from __future__ import annotations

import re
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterField,
)

from ...shared.errors import BadInput
from ...shared.networks import NETWORKS
from ..common.engine_algorithm import Parameters
from .train_network_base import TrainNetworkAlgorithm

CHOICES = {
    "vunet_convlstm": "VUnetConvLSTM: one model for any month",
    "unet_convlstm": "UnetConvLSTM: a model for one month",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERED = re.compile(r"(?<!\d)(\d{4})\W?_?(0[1-9]|1[0-2])(?!\d)")
_NAMED = re.compile(rf"({'|'.join(_MONTHS)})[a-z]*\W?_?(\d{{4}})(?!\d)", re.IGNORECASE)


def month_of(field: str) -> str:
    """YYYY-MM of a field's name such as Oct_2019, october2019, 2019_10 or 2019-10; "" where it has none."""
    numbered, named = _NUMBERED.search(field), _NAMED.search(field)
    if numbered:
        return f"{numbered[1]}-{numbered[2]}"
    return f"{named[2]}-{_MONTHS.index(named[1].lower()) + 1:02d}" if named else ""


class TrainUnetConvLstm(TrainNetworkAlgorithm):
    """A radar series + labels by month -> a model that maps any month."""

    NAME = "train_unet_convlstm"
    TITLE = f"Train {NETWORKS['vunet_convlstm'].name} on your labels by month"
    BANDS = "VV, VH"

    def _add_labels(self) -> None:
        super()._add_labels()
        field = QgsProcessingParameterField(
            "FIELD",
            self.tr("Fields with the classes"),
            parentLayerParameterName="LABELS",
            allowMultiple=True,
            optional=True,
        )
        self.removeParameter("FIELD")
        self.add(
            field,
            self.tr(
                "One field a month, whose name holds month and year, as Oct_2019 or 2019_10: the class in that month. "
                "A single field without a month is the class of the whole season, as is a class raster."
            ),
        )

    def add_network(self) -> None:
        tip = "VUnetConvLSTM is told the days of the year, and learns from the labels of all months."
        self.add_choice("NETWORK", "Network", CHOICES, tip)
        super().add_network()

    def class_fields(self, parameters: Parameters, context: QgsProcessingContext) -> dict[str, Any]:
        chosen = self.parameterAsStrings(parameters, "FIELD", context)
        months = [month_of(field) for field in chosen]
        if not any(months) and len(chosen) == 1:
            return super().class_fields(parameters, context)
        nameless = [field for field, month in zip(chosen, months) if not month]
        if nameless:
            raise BadInput(f"The field {nameless[0]!r} names no month: choose fields such as Oct_2019 or 2019_10.")
        return {"month_fields": tuple(zip(months, chosen))}

    def network_name(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        return self.choice(parameters, "NETWORK", context)

"""Forms of resources/ui, loaded when they are shown."""

from __future__ import annotations

import re
from typing import Optional

from qgis.core import QgsApplication, QgsVectorLayer
from qgis.gui import QgsFieldComboBox
from qgis.PyQt import uic
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from ... import assets

_LETTERS = 8  # of a choice that are shown at least


def load_form(widget: QWidget, name: str) -> None:
    """Fills the widget from the form of a name; its parts become the widget's attributes."""
    uic.loadUi(assets.form(name), widget)
    for combo in widget.findChildren(QComboBox):  # as narrow as the dock, whatever a layer is called
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(_LETTERS)


def show_fields(choice: QgsFieldComboBox, layer: Optional[QgsVectorLayer], words: str) -> None:
    """Offers the fields of a layer; chosen is one that is called as a class may be, a name before a code."""
    choice.setLayer(layer)
    names = [field.name() for field in layer.fields()] if layer is not None else []
    likely = [name for name in names if re.search(words, name, re.IGNORECASE)]
    choice.setField(next(iter([*(name for name in likely if "name" in name.lower()), *likely]), ""))


def tr(text: str) -> str:
    """In the language of QGIS; the context is the whole plugin's, as the algorithms'."""
    return QCoreApplication.translate("CropClassifier", text)


def theme_icon(name: str) -> QIcon:
    """One of QGIS's own icons, which follow its theme."""
    return QgsApplication.getThemeIcon(f"/{name}.svg")

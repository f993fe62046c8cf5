"""Composes the plugin: the Processing provider, the menu and toolbar that open its algorithms, and the dock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsApplication
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QToolBar

from . import assets
from .bridge import environment, leftovers

if TYPE_CHECKING:
    from .algorithms.provider import CropClassifierProvider

MENU = "Crop Classifier"
TOOLBAR = ("classify_model", "diagnose")


class CropClassifierPlugin:
    """`iface` is None in qgis_process and in tests without a window."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.provider: Optional[CropClassifierProvider] = None
        self.actions: list[QAction] = []
        self.toolbar: Optional[QToolBar] = None
        self.docks: list[QgsDockWidget] = []

    def initProcessing(self) -> None:
        from .algorithms.provider import CropClassifierProvider  # forty algorithms: not while plugins are listed

        self.provider = CropClassifierProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        self.provider.refreshAlgorithms()  # chains are made of algorithms that the registry must know first

    def initGui(self) -> None:
        self.initProcessing()
        finish_killed_setups()
        if self.iface is not None:
            self._add_actions()
            self._add_docks()

    def unload(self) -> None:
        for dock in self.docks:
            dock.close_down()
            self.iface.removeDockWidget(dock)
            dock.deleteLater()
        self.docks = []
        for action in self.actions:
            self.iface.removePluginMenu(MENU, action)
            action.deleteLater()
        self.actions = []
        if self.toolbar is not None:
            self.iface.mainWindow().removeToolBar(self.toolbar)
            self.toolbar.deleteLater()
            self.toolbar = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None

    def _add_actions(self) -> None:
        self.toolbar = self.iface.addToolBar(MENU)
        self.toolbar.setObjectName("CropClassifierToolBar")
        for algorithm in self.provider.algorithms():
            action = self._action(algorithm)
            self.iface.addPluginToMenu(MENU, action)
            if algorithm.name() in TOOLBAR:
                self.toolbar.addAction(action)
            self.actions.append(action)

    def _add_docks(self) -> None:
        """One labelled button opens and shuts the dock that leads from layers to a reviewed map."""
        from .gui.docks import make_docks

        self.docks = make_docks(self.iface)
        show = self.docks[0].toggleViewAction()
        show.setIcon(QIcon(assets.icon("crop_classifier")))
        show.setToolTip(QCoreApplication.translate(MENU, "From dated layers to a reviewed crop map, step by step"))
        first = next(iter(self.toolbar.actions()), None)
        self.toolbar.insertAction(first, show)
        self.toolbar.widgetForAction(show).setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def _action(self, algorithm: Any) -> QAction:
        text = QCoreApplication.translate(MENU, "{}...").format(algorithm.displayName())
        action = QAction(algorithm.icon(), text, self.iface.mainWindow())
        action.setObjectName(f"CropClassifier_{algorithm.name()}")
        name = algorithm.id()
        action.triggered.connect(lambda: _open_dialog(name))
        return action


def finish_killed_setups() -> Optional[threading.Thread]:
    """Removes what killed set-ups left, where there is such: beside this thread, an environment has 30,000 files."""
    target = environment.profile_engine()
    if not leftovers.abandoned(target.parent, *leftovers.SETUPS):
        return None
    from .bridge.engine_setup.install import recover

    thread = threading.Thread(target=recover, args=(target,), name="Crop Classifier leftovers", daemon=True)
    thread.start()
    return thread


def _open_dialog(algorithm: str) -> None:
    from processing import execAlgorithmDialog  # a plugin itself: there only once QGIS has started it

    execAlgorithmDialog(algorithm)

"""A main window as QGIS gives it to plugins, with a map canvas; and a user's hands."""

import time

from qgis.core import QgsApplication
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QMainWindow, QMenu


class Interface:
    """The part of QgisInterface that the plugin uses, on a real main window."""

    def __init__(self):
        self.window = QMainWindow()
        self.menu = QMenu("Plugins", self.window)
        self.in_menu = []
        self.canvas = QgsMapCanvas(self.window)
        self.window.setCentralWidget(self.canvas)
        self.window.resize(1200, 800)

    def mainWindow(self):
        return self.window

    def mapCanvas(self):
        return self.canvas

    def addToolBar(self, name):
        return self.window.addToolBar(name)

    def addDockWidget(self, area, dock):
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)

    def addPluginToMenu(self, name, action):
        self.menu.addAction(action)
        self.in_menu.append((name, action))

    def removePluginMenu(self, name, action):
        self.menu.removeAction(action)
        self.in_menu.remove((name, action))


def wait(until, seconds=120):
    """Lets the window live until something is so; fails when it is not in time."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"it did not come to that; tasks: {running_tasks()}"
        QApplication.processEvents()
        time.sleep(0.01)


def running_tasks():
    """What QGIS is doing in the background, for a message."""
    return [(task.description(), str(task.status())) for task in QgsApplication.taskManager().tasks()]


def click(button):
    """As a mouse does; what is not there or not enabled cannot be pressed."""
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)

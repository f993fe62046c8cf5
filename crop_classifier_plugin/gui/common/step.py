"""A step of a dock that folds open; its head tells in one line whether all is well, or what is missing."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from .ui import theme_icon

ICONS = {  # state -> QGIS's icon
    "ok": "mIconSuccess",
    "missing": "mIconInfo",
    "wrong": "mIconWarning",
    "refused": "mIconCritical",
    "busy": "mActionRefresh",
}
_SIDE = 16  # px


class Step(QFrame):
    """Number, title and state in a head that opens and shuts the body."""

    def __init__(self, number: int, title: str, body: QWidget) -> None:
        super().__init__()
        self.body = body
        self.state, self.said = "missing", ""
        self._fold = QToolButton()
        self._fold.setText(f"{number}  {title}")
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setAutoRaise(True)
        self._fold.setCheckable(True)
        self._fold.setObjectName(f"step_{number}")
        self._fold.toggled.connect(self.open)
        font = self._fold.font()
        font.setBold(True)
        self._fold.setFont(font)
        self._icon, self._line = QLabel(), QLabel()
        self._line.setWordWrap(True)
        self._line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self.open(False)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._fold)
        head.addWidget(self._icon)
        head.addWidget(self._line, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(2, 2, 2, 2)
        whole.addLayout(head)
        whole.addWidget(self.body)

    def open(self, opened: bool) -> None:
        """Shows or hides the body."""
        self._fold.setChecked(opened)
        self._fold.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.body.setVisible(opened)

    @property
    def is_open(self) -> bool:
        return bool(self._fold.isChecked())

    def tell(self, state: str, text: str) -> None:
        """`state`: one of ICONS."""
        self.state, self.said = state, text
        self._icon.setPixmap(theme_icon(ICONS[state]).pixmap(_SIDE, _SIDE))
        self._line.setText(text)
        self._line.setToolTip(text)

"""Step 2: which model maps the series, and whether it fits."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFileDialog, QListWidgetItem, QWidget

from ..common import project_state
from ..common.step import ICONS, Step
from ..common.ui import load_form, theme_icon, tr
from .plan import Plan, Row, against, fits

_MOST = 10  # crops that are named


class ModelStep(QWidget):
    """The models, those that fit first; of the chosen one what its card tells."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        load_form(self, "model_step")
        self._plan = plan
        self.models.currentItemChanged.connect(self._choose)
        self.own.clicked.connect(self._ask_folder)
        plan.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Lists the models anew; the chosen one stays."""
        self.models.blockSignals(True)
        self.models.clear()
        for row in self._plan.models:
            item = QListWidgetItem(theme_icon(ICONS[_state(row)]), row["title"])
            item.setData(Qt.ItemDataRole.UserRole, row["folder"])
            item.setToolTip("\n".join(against(row)) or tr("Fits this series."))
            self.models.addItem(item)
            if row is self._plan.model:
                self.models.setCurrentItem(item)
        self.models.blockSignals(False)
        self.told.setText(describe(self._plan.model) if self._plan.model else "")

    def tell(self, step: Step) -> None:
        """One line about the model."""
        plan, model = self._plan, self._plan.model
        if not plan.dates:
            step.tell("missing", tr("Waits for the series."))
        elif not plan.models:
            step.tell("busy" if plan.busy else "missing", tr("Holding the models against the series..."))
        elif not model:
            step.tell("wrong", tr("None of the models fits this series: train one on labels of this place."))
        elif fits(model):
            step.tell("ok", tr("{}, {} crops").format(model["title"], len(model["classes"])))
        else:
            step.tell("wrong", against(model)[0])

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._plan.choose(item.data(Qt.ItemDataRole.UserRole))
            self.told.setText(describe(self._plan.model))

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Model folder"))
        if folder:
            self.take_folder(folder)

    def take_folder(self, folder: str) -> None:
        """Holds a model of the user's against the series too, and chooses it."""
        own = project_state.read("own_models", [])
        project_state.write("own_models", list(dict.fromkeys([*own, folder])))
        self._plan.choose(folder)
        self._plan.describe()


def _state(row: Row) -> str:
    return "ok" if fits(row) else "refused" if row["refused"] else "wrong"


def describe(row: Row) -> str:
    """What a card tells, for people."""
    if "classes" not in row:
        return str(row["refused"])
    crops = ", ".join(row["classes"][:_MOST]) + (" ..." if len(row["classes"]) > _MOST else "")
    accuracy = "; ".join(f"{a['metric']} {a['value']} ({a['on']})" for a in row["accuracy"][:2])
    kind = tr("trained on simulated scenes") if row["simulated"] else tr("trained on real scenes")
    lines = [
        tr("Crops: {}").format(crops),
        tr("Reads {}; bands {}; pixels of {:g} m").format(row["takes"], ", ".join(row["bands"]), row["pixel"]),
        f"{kind}{': ' + row['region'] if row['region'] else ''}",
        tr("Accuracy: {}").format(accuracy) if accuracy else "",
        tr("Not for: {}").format(row["limits"]) if row["limits"] else "",
        *against(row),
    ]
    return "\n".join(filter(None, lines))

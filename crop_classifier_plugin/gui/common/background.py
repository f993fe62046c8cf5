"""Processing algorithms in QGIS's task manager, one after the other, as their dialogs run them: with history, layers
loaded and styled, and Cancel."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Optional

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsMapLayer,
    QgsMessageLog,
    QgsProcessingAlgorithm,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsTask,
)
from qgis.gui import QgsGui
from qgis.PyQt.QtCore import QCoreApplication, QEventLoop, QObject, QTimer, pyqtSignal

Parameters = dict[str, Any]
Results = dict[str, Any]
LOG = "Crop Classifier"
_questions: set[Question] = set()
_alive: set[Run] = set()  # a task uses the context of a run until it has ended, also of one that nobody waits for


class Listener(QgsProcessingFeedback):
    """What a run says, kept for the dock and passed on to the log. Called in the run's thread."""

    def __init__(self) -> None:
        super().__init__(False)
        self.text, self.warnings, self.error = "", [], ""

    def setProgressText(self, text: str) -> None:
        self.text = text

    def pushInfo(self, info: str) -> None:
        QgsMessageLog.logMessage(info, LOG, Qgis.MessageLevel.Info, False)

    def pushDebugInfo(self, info: str) -> None:
        self.pushInfo(info)

    def pushWarning(self, warning: str) -> None:
        self.warnings.append(warning)
        QgsMessageLog.logMessage(warning, LOG, Qgis.MessageLevel.Warning, False)

    def reportError(self, error: str, fatalError: bool = False) -> None:
        self.error = self.error or error


class Run(QObject):
    """One run of an algorithm. `ended` comes once, in the main thread; not for one that waited and was dropped."""

    progressed = pyqtSignal(float, str)
    ended = pyqtSignal(object)  # the run

    def __init__(self, algorithm: str, parameters: Parameters, title: str = "", shown: bool = True) -> None:
        """`algorithm`: its name, without the provider's. `shown`: whether its results are opened, and it is kept in
        Processing's history."""
        super().__init__()
        self.algorithm, self.parameters, self.shown = algorithm, parameters, shown
        made = QgsApplication.processingRegistry().createAlgorithmById(f"cropclassifier:{algorithm}")
        self.made: QgsProcessingAlgorithm = made
        self.title = title or made.displayName()
        self.context, self.feedback = QgsProcessingContext(), Listener()
        self.context.setProject(QgsProject.instance())
        self.context.setFeedback(self.feedback)
        self.feedback.progressChanged.connect(self._tell)
        self.results: Results = {}
        self.ok = self.cancelled = False
        self._task: Optional[QgsProcessingAlgRunnerTask] = None

    @property
    def error(self) -> str:
        """The sentence with which it ended; "" for a run that succeeded, was cancelled, or goes on."""
        return "" if self.ok or self.cancelled else self.feedback.error

    def start(self) -> None:
        """Hands the run to QGIS's task manager; what headers refuse is refused at once."""
        ok, sentence = self.made.checkParameterValues(self.parameters, self.context)
        if not ok:
            self.feedback.error = sentence
            self.ended.emit(self)
            return
        if self.shown:
            self._remember()
        flags = QgsTask.Flag.CanCancel
        if not self.shown:
            flags = flags | QgsTask.Flag.Hidden | QgsTask.Flag.Silent
        self._task = QgsProcessingAlgRunnerTask(self.made, self.parameters, self.context, self.feedback, flags)
        self._task.setDescription(self.title)
        if self.shown:
            self._task.setDependentLayers(layers_in(self.parameters))  # QGIS asks before it closes their project
        self._task.executed.connect(self._executed)
        _alive.add(self)
        QgsApplication.taskManager().addTask(self._task)

    def cancel(self) -> None:
        """Stops it; one that waits does not begin."""
        self.cancelled = True
        self.feedback.cancel()
        if self._task is not None:
            self._task.cancel()

    def _tell(self, percent: float) -> None:
        self.progressed.emit(percent, self.feedback.text)

    def _executed(self, ok: bool, results: Results) -> None:
        self.ok, self.results = ok and not self.cancelled, results
        if self.ok and self.shown:
            self._open_results()
        QTimer.singleShot(0, lambda: _alive.discard(self))  # the task still looks at the context
        self.ended.emit(self)

    def _open_results(self) -> None:
        from processing.gui.Postprocessing import handleAlgorithmResults  # Processing is a plugin itself

        handleAlgorithmResults(self.made, self.context, self.feedback, self.parameters)

    def _remember(self) -> None:
        command = self.made.asPythonCommand(self.parameters, self.context)
        details = {"python_command": command, "algorithm_id": self.made.id()}
        QgsGui.historyProviderRegistry().addEntry(
            "processing", {**details, "parameters": self.made.asMap(self.parameters, self.context)}
        )


def end_all(seconds: float = 5.0) -> None:
    """Cancels every run, and waits until QGIS has let go of them: their algorithms are a provider's that goes too."""
    end = time.monotonic() + seconds
    for run in tuple(_alive):
        run.cancel()
    for question in tuple(_questions):
        question.cancel()
    while (_alive or _questions) and time.monotonic() < end:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


def layers_in(parameters: Parameters) -> list[QgsMapLayer]:
    """The layers of the project that parameters name."""
    named = [each for value in parameters.values() for each in (value if isinstance(value, list) else [value])]
    found = [QgsProject.instance().mapLayer(each) for each in named if isinstance(each, str)]
    return [layer for layer in found if layer is not None]


class Question(QgsTask):
    """A function in a thread of QGIS's. It is kept until it has ended: Python would clear it while QGIS runs it."""

    def __init__(self, asker: Latest, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        super().__init__(LOG, QgsTask.Flag.CanCancel | QgsTask.Flag.Hidden | QgsTask.Flag.Silent)
        self._asker, self._function, self._arguments = asker, function, arguments
        self.answer: Any = None
        self.error = ""

    def run(self) -> bool:
        try:
            self.answer = self._function(self, **self._arguments)
        except Exception as error:  # noqa: BLE001 - what goes wrong in a thread of QGIS's must not leave it
            self.error = repr(error)
        return not self.error

    def finished(self, result: bool) -> None:
        """In the main thread."""
        if self.error:
            QgsMessageLog.logMessage(self.error, LOG, Qgis.MessageLevel.Warning, False)
        self._asker.take(self, result)
        _questions.discard(self)


class Latest(QObject):
    """Asks functions in the background; only the newest question is answered, by `answered` with what it returned."""

    answered = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._newest: Optional[Question] = None

    def ask(self, function: Callable[..., Any], **arguments: Any) -> None:
        """`function` takes the task, which tells whether it is to stop, then the arguments; it touches no widget."""
        self.drop()
        self._newest = Question(self, function, arguments)
        _questions.add(self._newest)
        QgsApplication.taskManager().addTask(self._newest)

    def drop(self) -> None:
        """Forgets the question."""
        newest, self._newest = self._newest, None
        if newest is not None:
            newest.cancel()

    def take(self, question: Question, ok: bool) -> None:
        """A question has ended."""
        if question is self._newest:
            self._newest = None
            if ok:
                self.answered.emit(question.answer)


class RunQueue(QObject):
    """Runs wait for each other: two at once would share the cores and the memory."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.current: Optional[Run] = None
        self._waiting: deque[Run] = deque()

    @property
    def waiting(self) -> int:
        """How many runs have not begun."""
        return len(self._waiting)

    def add(self, run: Run, done: Callable[[Run], None]) -> Run:
        """Starts the run now or later; `done` is called when it has ended."""
        run.ended.connect(done)
        run.ended.connect(self._next)
        self._waiting.append(run)
        if self.current is None:
            self._begin()
        self.changed.emit()
        return run

    def cancel(self) -> None:
        """Stops the current run, and drops those that wait."""
        self._waiting.clear()
        if self.current is not None:
            self.current.cancel()
        self.changed.emit()

    def _begin(self) -> None:
        self.current = self._waiting.popleft()
        self.current.start()

    def _next(self, ended: Run) -> None:
        if self.current is ended:
            self.current = None
        if self.current is None and self._waiting:
            self._begin()
        self.changed.emit()

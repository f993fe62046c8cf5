"""The root of the tree of errors. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

from ..texts.printable import escaped


class CropClassifierError(Exception):
    """Something the user can act on: one sentence that says what, which value, what to do."""

    code = "error"

    def __init__(self, sentence: str) -> None:
        self.sentence = escaped(sentence)  # it may quote what others wrote
        super().__init__(self.sentence)


class BadInput(CropClassifierError):
    """An option or a job that cannot be meant as it stands."""

    code = "bad-input"


class TooLarge(BadInput):
    """A file, or a part of one, beyond what is read of its kind."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} {what}, which nothing of its kind needs: give another.")


class SourceRefused(BadInput):
    """What would lead to files or addresses that the user did not name."""

    code = "source-refused"

    def __init__(self, name: str, why: str, advice: str) -> None:
        super().__init__(f"{name} is not opened, as {why}: {advice}.")


class Cancelled(CropClassifierError):
    """The user stopped the job, and nothing is left of it."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("Cancelled: no output was written.")


class CancelledKept(Cancelled):
    """A cancelled job that leaves what it had finished."""

    def __init__(self, what: str, where: str) -> None:
        CropClassifierError.__init__(self, f"Cancelled: {what} was kept in {where}.")

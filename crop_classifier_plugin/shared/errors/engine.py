"""What can be wrong with the engine itself. Standard library only: both sides import this."""

from __future__ import annotations

from collections.abc import Iterable

from .base import CropClassifierError


class OutOfMemory(CropClassifierError):
    """The memory does not hold what the job needs."""

    code = "out-of-memory"

    def __init__(self, what: str, advice: str = "close other programs, or use a smaller model") -> None:
        super().__init__(f"Not enough memory for {what}: {advice}.")


class Unforeseen(CropClassifierError):
    """A fault of the program itself."""

    code = "internal"

    def __init__(self, error: BaseException) -> None:
        kind = type(error).__name__
        super().__init__(
            f"The program failed in a way nobody foresaw ({kind}: {error}): please report it with the log."
        )


class EngineMissing(CropClassifierError):
    """No engine was found."""

    code = "engine-missing"

    def __init__(self, looked: Iterable[str]) -> None:
        super().__init__(
            f"The engine is not installed (looked in {', '.join(looked)}): run 'Set up the engine' from the Crop "
            "Classifier toolbox once."
        )


class EngineBroken(CropClassifierError):
    """An engine that is there and does not run: its Python or a package is gone, as after an upgrade of the system."""

    code = "engine-broken"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The engine's environment is broken ({reason}): run 'Set up the engine' from the Crop Classifier toolbox "
            "again."
        )


class EngineUnfit(CropClassifierError):
    """An interpreter that the user chose and that cannot be the engine's."""

    code = "engine-unfit"

    def __init__(self, python: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{python} cannot be used for the engine ({reason}): choose another one, or leave it empty.")


class EngineDied(CropClassifierError):
    """The engine ended without saying why."""

    code = "engine-died"

    def __init__(self, how: str, last_words: str) -> None:
        tail = f" Its last words: {last_words}" if last_words else ""
        advice = "this is a fault of the program, please report it with the log."
        if "SIGKILL" in how:  # what a system does when memory runs out
            advice = "free some memory or choose a smaller area, then run again."
        super().__init__(f"The engine stopped without a result ({how}), no output was written: {advice}{tail}")


class EngineSetupFailed(CropClassifierError):
    """The environment of the engine could not be made."""

    code = "engine-setup-failed"

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(
            f"The engine could not be set up ({step}: {reason}): check the network or the wheel folder, or choose "
            "another Python interpreter, then run it again."
        )

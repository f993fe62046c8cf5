"""What can be wrong with the places that outputs go to. Standard library only: both sides import this."""

from __future__ import annotations

from .base import CropClassifierError


class OutputNotWritable(CropClassifierError):
    """A place that cannot be written to."""

    code = "output-not-writable"

    def __init__(self, path: str, reason: str, advice: str = "choose a folder you may write to") -> None:
        super().__init__(f"Cannot write {path} ({reason}): {advice}.")


class DiskFull(CropClassifierError):
    """No room is left for an output."""

    code = "disk-full"

    def __init__(self, path: str) -> None:
        super().__init__(f"The disk is full while writing {path}: free some space or choose another folder.")


class RoomMissing(CropClassifierError):
    """A disk that has not the room for what is to be written there, known before."""

    code = "room-missing"

    def __init__(self, folder: str, needs: float, has: float) -> None:
        super().__init__(
            f"{folder} has {has:.1f} GB free and about {needs:.1f} GB are needed: free some space, then run it again."
        )

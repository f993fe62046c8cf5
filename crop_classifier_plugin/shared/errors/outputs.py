"""What can be wrong with the places that outputs go to. Standard library only: both sides import this."""

from __future__ import annotations

from .base import CropClassifierError


class OutputNotWritable(CropClassifierError):
    """A place that cannot be written to."""

    code = "output-not-writable"

    def __init__(self, path: str, reason: str, advice: str = "choose a folder you may write to") -> None:
        super().__init__(f"Cannot write {path} ({reason}): {advice}.")


def _gib(size: float) -> str:
    return f"{size / 2**30:,.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


class DiskTooSmall(CropClassifierError):
    """A disk without the room that a job needs, known before it is written to."""

    code = "disk-full"

    def __init__(self, needed: int, free: int, place: str) -> None:
        super().__init__(
            f"The run needs {_gib(needed)} on the disk of {place}, which has {_gib(free)} free: free some space or "
            "choose another folder."
        )


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

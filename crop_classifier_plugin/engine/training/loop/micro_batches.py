"""A batch that does not fit into the graphics card's memory is worked through in parts (micro-batches)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from ....shared.errors import OutOfMemory
from ...execution.reporter import Reporter
from .task import Batch

T = TypeVar("T")


class MicroBatches:
    """In how many parts each batch is taken: as many as `at_once` items ask for, doubled whenever the memory does not
    suffice."""

    def __init__(self, reporter: Reporter, at_once: int = 0) -> None:
        """`at_once`: items of a part, at most; 0 = the whole batch."""
        self.count, self._at_once, self._reporter = 1, at_once, reporter
        self.shared = False  # with other processes, which take as many parts and could not be told of more

    def of(self, batch: Batch) -> Iterator[Batch]:
        """The batch in `count` parts of about the same size, in order."""
        size = _size(batch)
        step = -(-size // self._parts(size))
        for start in range(0, size, step):
            yield {name: value[start : start + step] for name, value in batch.items()}

    def _parts(self, size: int) -> int:
        return max(self.count, -(-size // self._at_once) if self._at_once else 1)

    def fitting(self, work: Callable[[], T], batch: Batch) -> T:
        """What `work`, which goes over the parts, returns; done anew with twice as many where memory runs out.

        Raises OutOfMemory when not even one patch at a time fits, or when the batch is shared with other processes.
        """
        while True:
            try:
                return work()
            except torch.OutOfMemoryError:
                pass  # what the failed try holds is only free after this block
            self._double(_size(batch))

    def _double(self, size: int) -> None:
        if self.shared:
            raise OutOfMemory(f"{size} patches at a time on each of several devices", "give a smaller batch")
        if self._parts(size) >= size:
            raise OutOfMemory("training, even with one patch at a time")
        self.count = min(2 * self._parts(size), size)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self._reporter.log(
            f"The graphics card ran out of memory: each batch of {size} is taken in {self.count} parts from here on. "
            "A step still learns from the whole batch, only batch normalisation sees the parts.",
            "warning",
        )


def _size(batch: Batch) -> int:
    return len(next(iter(batch.values())))

"""A server that has imported the engine once and forks a child a run: hundreds of runs, without an import for each."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crop_classifier_plugin.shared.jobs import registry
from kits.paths import REPOSITORY
from kits.torture import child

UNFORESEEN = "nobody foresaw"
LATE = ("lightning", "onnx", "onnxscript", "torch.onnx", "torch.export", "torch._dynamo", "torchmetrics")
ENGINE = "crop_classifier_plugin.engine"


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `code` is negative for a signal; None for a run that did not end in time and was killed."""

    code: int | None
    out: str
    err: str
    seconds: float

    @property
    def sentences(self) -> list[str]:
        """What was told as errors."""
        found = []
        for line in self.out.splitlines():
            event = json.loads(line) if line.startswith("{") and line.endswith("}") else {}
            found += [str(event["sentence"])] if event.get("event") == "error" else []
        return found

    @property
    def at_work(self) -> bool:
        """Whether a run that did not end in time was telling all the while how far it is: it is long, and can be
        cancelled."""
        told = [
            json.loads(line) for line in self.out.splitlines()[-20:-1] if line.startswith("{") and line.endswith("}")
        ]
        shares = {event["fraction"] for event in told if event.get("event") == "progress"}
        return self.code is None and len(shares) > 10

    @property
    def fault(self) -> str:
        """ "" for a result, or for one foreseen sentence and exit code 1; else what is wrong."""
        if self.code is None:
            return f"did not end in {self.seconds:.0f} s"
        if self.code < 0:
            return f"ended by {signal.Signals(-self.code).name}"
        if "Traceback" in self.err + self.out or UNFORESEEN in self.out + self.err:
            return f"traceback: {self.last_words}"
        if self.code == 0:
            return ""
        if self.code != 1:
            return f"exit code {self.code}"
        told = self.sentences + [line for line in self.err.splitlines() if line.startswith("Error: ")]
        return "" if len(told) == 1 and "\n" not in told[0].strip() else f"{len(told)} sentences"

    @property
    def last_words(self) -> str:
        told = [line for line in (self.err or self.out).splitlines() if line.strip()]
        return told[-1][:300] if told else ""


def preloaded() -> list[str]:
    """The modules of the engine that jobs enter by, and what they load later."""
    entries = sorted({f"{ENGINE}.{job.entry.partition(':')[0]}" for job in registry.JOBS.values()})
    return ["kits.torture.child", f"{ENGINE}.cli.main", *entries, "onnxruntime", "pyogrio", *LATE]


class WarmEngine:
    """`WarmEngine(folder).run(job)`: the engine's own command in a child, its words in files of the folder."""

    def __init__(self, folder: Path) -> None:
        os.environ["OMP_NUM_THREADS"] = "1"
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads do not live through a fork
        os.environ["PYTHONPATH"] = f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(preloaded())
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, words: tuple[str, ...], plan: child.Plan, name: str = "run") -> Run:
        out, err = self.folder / f"{name}.out", self.folder / f"{name}.err"
        process = self._context.Process(target=child.run, args=(words, str(out), str(err), plan))
        process.start()
        return Run(process, out, err)

    def run(self, job: Any, plan: child.Plan, limit: float = 60.0, name: str = "run") -> Outcome:
        """A job, or the words of a command."""
        return self.start(self.words(job, name), plan, name).wait(limit)

    def words(self, job: Any, name: str = "run") -> tuple[str, ...]:
        if isinstance(job, tuple):
            return job
        path = self.folder / f"{name}.job.json"
        text = job if isinstance(job, str) else registry.dump(job)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return ("run", str(path))


class Run:
    """A run under way."""

    def __init__(self, process: Any, out: Path, err: Path) -> None:
        self._process, self._out, self._err = process, out, err
        self._started = time.monotonic()

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def ended(self) -> bool:
        return self._process.exitcode is not None

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self, limit: float = 60.0, meanwhile: Callable[[], None] = lambda: None) -> Outcome:
        """`meanwhile` is called every few milliseconds."""
        while not self.ended and time.monotonic() < self._started + limit:
            self._process.join(0.01)
            meanwhile()
        seconds, code = time.monotonic() - self._started, self._process.exitcode
        if code is None:
            self._process.kill()
        self._process.join()
        self._process.close()
        texts = [
            path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            for path in (self._out, self._err)
        ]
        return Outcome(code, texts[0], texts[1], seconds)

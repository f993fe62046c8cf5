"""Run by an interpreter that may become the engine's: tells as JSON what it is and what it has.

`python -I probe.py NAME ...`: versions of these distributions, and whether the packages that every job needs load.
"""

from __future__ import annotations

import importlib
import json
import platform
import sys
from importlib import metadata

LOADED = ("numpy", "rasterio", "onnxruntime")


def version_of(name: str) -> str:
    """The version of a distribution; "" where it is not there."""
    try:
        return metadata.version(name) or ""
    except metadata.PackageNotFoundError:
        return ""


def failure(name: str) -> str:
    """Why a package does not load; "" where it does."""
    try:
        importlib.import_module(name)
    except (ImportError, OSError) as error:
        return str(error)
    return ""


def providers() -> list[str]:
    """What ONNX Runtime can compute on."""
    runtime = sys.modules.get("onnxruntime")
    return list(runtime.get_available_providers()) if hasattr(runtime, "get_available_providers") else []


if __name__ == "__main__":
    failures = {name: reason for name in LOADED for reason in [failure(name)] if reason}
    told = {
        "python": list(sys.version_info[:3]),
        "machine": platform.machine(),
        "versions": {name: version_of(name) for name in sys.argv[1:]},
        "failures": failures,
        "providers": providers(),
    }
    sys.stdout.write("\n" + json.dumps(told) + "\n")

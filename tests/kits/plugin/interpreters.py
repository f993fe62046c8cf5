"""Stand-ins for interpreters and packages, for tests of the engine's set-up."""

import hashlib
import json
import zipfile

# An interpreter that makes environments at once; what it does with pip and with the proof is decided by the test.
FAKE = """#!/bin/sh
case "$*" in
    *ensurepip*) echo '{who}' ;;
    *probe.py*) {probe} ;;
    *watched.py" venv"*) for folder in "$@"; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python" ;;
    *watched.py" pip"*) {pip} ;;
    *) {proof} ;;
esac
"""


def who(python=(3, 11), missing="", platform=("linux", "x86_64")):
    """What an interpreter says of itself."""
    return json.dumps({"python": python, "missing": missing, "system": ("glibc", "2.36"), "platform": platform})


def has(versions, failures=None):
    """A line of shell that tells which packages an interpreter has."""
    told = {"python": [3, 11, 2], "versions": versions, "failures": failures or {}, "providers": []}
    return f"echo '{json.dumps(told)}'"


def write_interpreter(path, pip="echo Collecting", proof="echo ready", probe="exit 1", says=None):
    path.write_text(FAKE.format(pip=pip, proof=proof, probe=probe, who=says or who()))
    path.chmod(0o755)
    return str(path)


def write_wheel(folder, name="tinypackage", version="1.0"):
    """A tiny package, as `pip download` would leave it; its hash."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "ANSWER = 42\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()

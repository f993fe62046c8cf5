"""What the zip holds and what the engine installs, as a CycloneDX bill of materials (JSON, 1.6): the same from the same
files. Packages come from the lock files, by platform and Python; files and models from the zip.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))

from crop_classifier_plugin.shared.engine_packages import locks  # noqa: E402

LICENCE = "GPL-3.0-or-later"


def bill(archive: Path, root: Path = ROOT) -> dict[str, Any]:
    """The bill of a zip that was just built."""
    version = re.search(r"^version=(.+)$", (root / "metadata.txt").read_text(encoding="utf-8"), re.MULTILINE)
    product = {
        "type": "application",
        "bom-ref": "crop_classifier_plugin",
        "name": "crop_classifier_plugin",
        "version": version.group(1).strip() if version else "",
        "licenses": [{"license": {"id": LICENCE}}],
        "hashes": [_sha256(archive.read_bytes())],
    }
    components = [*_packages(root / "resources" / "engine" / "locks"), *_files(archive)]
    packages = [each["bom-ref"] for each in components if each["type"] == "library"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, product['hashes'][0]['content'])}",
        "version": 1,
        "metadata": {"component": product},
        "components": components,
        "dependencies": [{"ref": product["bom-ref"], "dependsOn": packages}],
    }


def write(archive: Path) -> Path:
    """The bill beside the zip: `crop_classifier_plugin.cdx.json`."""
    path = archive.with_suffix(".cdx.json")
    path.write_text(json.dumps(bill(archive), indent=1) + "\n", encoding="utf-8")
    return path


def _packages(folder: Path) -> Iterator[dict[str, Any]]:
    """Each package once, with the hashes of its files on every platform; needed by every job, or optional."""
    hashes: dict[tuple[str, str], set[str]] = defaultdict(set)
    where: dict[tuple[str, str], set[str]] = defaultdict(set)
    for lock in sorted(folder.glob("*.txt")):
        for each in locks.read(lock):
            hashes[each.name, each.version] |= set(each.hashes)
            where[each.name, each.version] |= {f"{lock.stem}, Python {python}" for python in each.pythons}
    for name, version in sorted(hashes):
        places = sorted(where[name, version])
        needed = any("_train" not in place and "_clouds" not in place for place in places)
        yield {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "scope": "required" if needed else "optional",
            "purl": f"pkg:pypi/{name}@{version}",
            "hashes": [{"alg": "SHA-256", "content": each} for each in sorted(hashes[name, version])],
            "properties": [{"name": "crop_classifier:lock", "value": place} for place in places],
        }


def _files(archive: Path) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(archive) as whole:
        for name in sorted(whole.namelist()):
            is_model = name.endswith((".onnx", ".safetensors"))
            yield {
                "type": "machine-learning-model" if is_model else "file",
                "bom-ref": f"file:{name}",
                "name": name,
                "hashes": [_sha256(whole.read(name))],
            }


def _sha256(data: bytes) -> dict[str, str]:
    return {"alg": "SHA-256", "content": hashlib.sha256(data).hexdigest()}

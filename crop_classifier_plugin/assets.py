"""Where the files beside the code are: resources and models stand beside metadata.txt, installed or in a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """The folder of metadata.txt: the package itself when installed, the folder above it in a checkout."""
    return PACKAGE if (PACKAGE / "metadata.txt").is_file() else PACKAGE.parent


def models() -> Path:
    """The folder of the shipped models."""
    return root() / "models"


def chains() -> list[Path]:
    """The models of the modeler that come with the plugin."""
    return sorted((root() / "resources" / "modeler").glob("*.model3"))


def icon(name: str) -> str:
    """The SVG file of a name."""
    return str(root() / "resources" / "icons" / f"{name}.svg")


def form(name: str) -> str:
    """The .ui file of a name."""
    return str(root() / "resources" / "ui" / f"{name}.ui")


def legend(name: str) -> str:
    """The JSON file of a legend that ships."""
    return str(root() / "resources" / "legends" / f"{name}.json")


def engine_lists() -> Path:
    """The folder of the lists and lock files of what the engine needs."""
    return root() / "resources" / "engine"


def help_text(name: str) -> str:
    """The help of an algorithm: its Markdown file without the title, one line a paragraph or list entry.

    QGIS shows each line as a paragraph in the dialog and as it is in a terminal, so the files hold plain prose.
    """
    lines: list[str] = []
    for line in (root() / "resources" / "help" / f"{name}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            continue
        starts_anew = not line.strip() or line.startswith("- ") or not lines or not lines[-1]
        if starts_anew:
            lines.append(line.strip())
        else:
            lines[-1] += " " + line.strip()
    return "\n".join(line for line in lines if line)

"""`crop-classifier` and `python -m crop_classifier_plugin.engine`: the engine as a program."""

from __future__ import annotations

from .execution import signals

signals.leave_at_once()  # before anything that takes its time is imported


def main() -> None:
    """Entry point. Packages of the engine that do not load are one sentence."""
    import json
    import sys

    from ..shared.errors import EngineBroken

    try:
        from .cli.main import main as commands
    except ImportError as error:
        broken = EngineBroken(str(error))
        if {"run", "--json"} & set(sys.argv):
            sys.stdout.write(json.dumps({"event": "error", "code": broken.code, "sentence": broken.sentence}) + "\n")
        else:
            sys.stderr.write(f"Error: {broken.sentence}\n")
        sys.exit(1)
    commands()


if __name__ == "__main__":
    main()

"""`python -m crop_classifier_plugin.engine`: the engine as a program."""

from .cli import main

if __name__ == "__main__":
    main()

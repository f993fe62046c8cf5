"""`python -m crop_classifier_plugin.engine`: the engine as a program."""

from .cli.main import main

if __name__ == "__main__":
    main()

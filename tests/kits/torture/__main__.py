"""`python -m kits.torture`. A module of this name is not run again in each child."""

from kits.torture.main import main

if __name__ == "__main__":
    main()

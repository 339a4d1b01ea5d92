"""``python -m taskbeam``: the command `taskbeam`."""

from taskbeam.cli import main

if __name__ == "__main__":
    main()

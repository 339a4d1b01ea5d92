"""The command `taskbeam`."""

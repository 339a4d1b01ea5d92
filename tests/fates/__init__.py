"""Every way a task can go, as `docs/fates.md` tells it, with real worker processes."""

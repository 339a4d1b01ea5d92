"""The journal: each task's events in Redis, numbered, bounded, and published as they are appended."""

"""Feeds over HTTP: whose they are, the list of their tasks, and their events."""

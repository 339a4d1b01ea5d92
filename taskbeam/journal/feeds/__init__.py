"""Feeds: the events of many tasks as one more journal, by whose they are."""

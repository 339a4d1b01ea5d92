"""Waiting people: where a queued task stands, whether anyone consumes its queue, and how long it may take."""

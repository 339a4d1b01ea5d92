"""Canvases of every kind, sent to a real worker: their trees, their groups, and what is counted of them."""

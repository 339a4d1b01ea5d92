"""The same work done by us and by our peers, side by side in one run, as ratios."""

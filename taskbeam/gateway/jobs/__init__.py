"""Tasks on their way to the workers, and back out again: sent once, cancelled truthfully."""

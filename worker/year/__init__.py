"""A year's report: every receipt of a shop's tills is read, and the next year foreseen."""

"""A gateway that is told to stop, with every kind of client connected."""

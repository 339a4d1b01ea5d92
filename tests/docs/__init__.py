"""The documents: what they say is so, their links lead somewhere, and their examples run."""

"""Work that goes on behind requests and tasks, and never ends in silence."""

"""How much anybody may ask for: each limit is a setting, and is answered with a clear error."""

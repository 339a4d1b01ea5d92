"""Who may read what, and how much anybody may ask for."""

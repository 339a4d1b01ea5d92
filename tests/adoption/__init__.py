"""What a team meets: the built package, in an environment of its own, outside this repository."""

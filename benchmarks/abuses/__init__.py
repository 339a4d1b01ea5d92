"""What hostile clients do, each in a process of its own."""

"""A long time of tasks, clients, deploys and faults, in which nothing may grow."""

"""The whole of Taskbeam on one machine: `python -m stack` starts Valkey, a worker and the gateway."""

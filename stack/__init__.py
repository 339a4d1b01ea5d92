"""The whole of Taskbeam on one machine: `python -m stack` starts Valkey, mail server, worker and gateway."""

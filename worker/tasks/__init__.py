"""Celery tasks, one module per workload: each only binds a job to the queue."""

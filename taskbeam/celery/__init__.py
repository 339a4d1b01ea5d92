"""What Celery's workers and senders load: the result backend, and what it hears and tells of tasks."""

"""The Celery application and its sample jobs."""

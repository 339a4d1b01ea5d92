"""Workers that have no package of ours, followed by what Celery stores."""

"""The endpoints: they read the request, and hand over to the hub, the journal or Celery."""

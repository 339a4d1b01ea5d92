"""Where Celery keeps results, for asyncio: the same servers, credentials and options."""

"""The gateway's connections to Redis and to the broker, as the Celery application configures its own."""

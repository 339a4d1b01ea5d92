"""The gateway's connections to the broker, as the Celery application configures its own."""

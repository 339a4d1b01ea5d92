"""The service as it was ordered: reports and pictures, made by Celery tasks, followed live."""

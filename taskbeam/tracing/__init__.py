"""OpenTelemetry, where the application uses it: a task's trace goes through its message to its end."""

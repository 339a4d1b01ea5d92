"""Following a task for a request: until its first events are there, by polling, and with heartbeats."""

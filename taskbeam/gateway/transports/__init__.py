"""How events are framed for a client. Each transport exists twice: detached, and portable over ASGI."""

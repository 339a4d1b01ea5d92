"""The shortcut: a plain request for a stream becomes one without passing ASGI, middleware and FastAPI."""

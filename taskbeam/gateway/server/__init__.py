"""uvicorn, and how a connection is detached from its ASGI task for direct writes."""

"""The shop mounts the gateway as an application of its own."""

from shop import app, live

app.mount("/live", live.asgi())

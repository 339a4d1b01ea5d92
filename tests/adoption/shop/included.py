"""The shop includes the gateway's router."""

from shop import app, live

app.include_router(live.router, prefix="/live")

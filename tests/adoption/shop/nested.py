"""The gateway is mounted in an application that is mounted itself."""

from fastapi import FastAPI
from shop import app as shop
from shop import live

shop.include_router(live.router, prefix="/live")
app = FastAPI()
app.mount("/shop", shop)

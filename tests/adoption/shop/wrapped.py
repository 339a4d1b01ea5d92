"""The shop has middleware as many applications do: it compresses, times each request, and allows a site."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from shop import app, live

app.include_router(live.router, prefix="/live")
app.add_middleware(GZipMiddleware, minimum_size=100)
app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"], allow_credentials=True)


@app.middleware("http")
async def name_the_shop(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["X-Shop"] = "1"
    return response

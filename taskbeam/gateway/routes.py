"""All routes of a gateway, with what each asks of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends

from taskbeam.gateway.dashboard import actions as dashboard_actions
from taskbeam.gateway.dashboard import canvas_route, queue_actions
from taskbeam.gateway.dashboard import routes as dashboard_routes
from taskbeam.gateway.dependencies import socket_problems
from taskbeam.gateway.feeds import routes as feeds
from taskbeam.gateway.feeds import tickets as feed_tickets
from taskbeam.gateway.feeds import tree
from taskbeam.gateway.http import (
    api_keys,
    browser_files,
    cancel,
    files,
    health,
    login,
    preferences,
    schemas,
    sockets,
    tasks,
    tickets,
)
from taskbeam.gateway.http.paths import MARKED_PATH
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.metrics import route as metrics_route
from taskbeam.gateway.notification_extras import notification_extras
from taskbeam.gateway.push import routes as push_routes

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from taskbeam.gateway.dependencies import Dependencies
    from taskbeam.gateway.http.paths import Paths


def gateway_router(
    dependencies: Dependencies,
    paths: Paths,
    lifespan: Callable[[Any], AbstractAsyncContextManager[None]],
    *,
    key_management: bool,
    metrics: bool,
    dashboard: bool,
    push: bool,
    webhooks: bool,
) -> APIRouter:
    """Make the router that an application includes; ``lifespan`` starts and stops the gateway."""
    router = APIRouter(lifespan=lifespan, route_class=GatewayRoute)
    router.add_api_route(MARKED_PATH, health.alive, name=paths.marker, **health.ALIVE)
    bind, caller = Depends(dependencies.bind), Depends(dependencies.caller)
    own_site = Depends(dependencies.own_site)
    feeding = (feeds.router, feed_tickets.router, tree.router)
    for asking in (tasks.router, tickets.router, files.router, schemas.router, *feeding):
        router.include_router(asking, dependencies=[bind, own_site, caller])
    token_caller = Depends(dependencies.token_caller)
    router.include_router(cancel.router, dependencies=[bind, own_site, token_caller])
    router.include_router(sockets.router, dependencies=[Depends(socket_problems), bind, own_site, caller])
    if dashboard:  # before its files, whose route takes any path
        for looking in (dashboard_routes.router, canvas_route.router):
            router.include_router(looking, dependencies=[bind, own_site, caller])
        for acting in (dashboard_actions.router, queue_actions.router):
            router.include_router(acting, dependencies=[bind, own_site, token_caller])
    router.include_router(browser_files.router, dependencies=[bind, own_site])
    # Without a caller: whose cookie has expired is to get another.
    router.include_router(login.router, dependencies=[bind, own_site])
    router.include_router(push_routes.public, dependencies=[bind, own_site])
    if push:
        router.include_router(push_routes.router, dependencies=[bind, own_site, token_caller])
    if webhooks:
        with notification_extras():
            from taskbeam.gateway.http import webhooks as webhook_routes
        router.include_router(webhook_routes.router, dependencies=[bind, own_site, token_caller])
    if push or webhooks:
        router.include_router(preferences.router, dependencies=[bind, own_site, token_caller])
    if metrics:
        router.include_router(metrics_route.router, dependencies=[bind, own_site, caller])
    if key_management:
        router.include_router(api_keys.router, dependencies=[bind, own_site])
    # Whoever supervises the gateway may ask by any name.
    router.include_router(health.router, dependencies=[bind])
    return router

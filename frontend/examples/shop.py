"""The back end of the examples, with a gateway in it. `TASKBEAM_AUTH=open taskbeam serve --app shop:app`"""

from __future__ import annotations

from pathlib import Path

from celery.result import AsyncResult
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jobs import celery_app

from taskbeam.gateway import Gateway

app = FastAPI()
live = Gateway(celery_app)
app.include_router(live.router, prefix="/live")


@app.post("/reports", status_code=202)
async def report(request: Request) -> Response:
    """For scripts: `{"task_id": …}`."""
    return live.accepted(request, await live.send("jobs.report"))


@app.post("/fragments/reports")
async def report_fragment() -> HTMLResponse:
    """For htmx: an element that asks for the next fragment when its task is done."""
    task = await live.send("jobs.report")
    return HTMLResponse(
        f'<task-progress task-id="{task.id}" base-url="/live" label="Report" cancellable '
        f'hx-get="/fragments/reports/{task.id}" hx-trigger="task-done" hx-swap="outerHTML"></task-progress>'
    )


@app.get("/fragments/reports/{task_id}")
def done_fragment(task_id: str) -> HTMLResponse:
    orders = AsyncResult(task_id, app=celery_app).result["orders"]
    return HTMLResponse(f"<p>{orders} orders</p>")


# What `npm run build` made. `npm run dev` serves the same, and asks this service for the rest.
app.mount("/", StaticFiles(directory=Path(__file__).parent / "dist", html=True))

"""The application of the polling recipe: the tutorial's status endpoint."""

import os
from typing import Any

from celery import Celery
from celery.result import AsyncResult
from fastapi import FastAPI

from .channels import REDIS_URL


def create_app() -> FastAPI:
    """Make the application; uvicorn calls this."""
    celery = Celery("tutorial", backend=os.environ[REDIS_URL])
    app = FastAPI()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/reports/{task_id}")
    def get_report_status(task_id: str) -> dict[str, Any]:
        result: AsyncResult[Any] = AsyncResult(task_id, app=celery)
        state: str = result.state
        response: dict[str, Any] = {"task_id": task_id, "state": state}
        if state == "PROGRESS":
            response["progress"] = result.info
        elif state == "SUCCESS":
            response["result"] = result.result
        elif state == "FAILURE":
            response["error"] = str(result.info)
        return response

    return app

"""HubSpot alone behind the simulated server, or behind fixed answers, in a thread of the test."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ingestion.simulator.server import control, hubspot
from ingestion.simulator.server.faults import FaultMiddleware
from ingestion.simulator.server.state import State


def serving(state: State) -> AbstractContextManager[str]:
    """The base address of a server that speaks HubSpot's API."""
    application = Starlette(routes=[*control.routes(state), *hubspot.routes(state)])
    application.add_middleware(FaultMiddleware, faults=state.faults, mouths={"hubspot": hubspot})
    return _running(application)


def serving_answers(answers: Mapping[str, Any]) -> AbstractContextManager[str]:
    """The base address of a server that gives these answers per path, and empty listings of everything else."""

    def answer(request: Request) -> JSONResponse:
        is_archived = request.query_params.get("archived") == "true"
        return JSONResponse({"results": []} if is_archived else answers.get(request.url.path, {"results": []}))

    return _running(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])]))


@contextlib.contextmanager
def _running(application: Starlette) -> Iterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="critical", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()

"""What only tests and demonstrations ask: the moment, moving on in time, and faults."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ingestion.simulator.server.state import State


def routes(state: State) -> list[Route]:
    """`GET /_simulator`, `POST /_simulator/forward?days=1`, `POST /_simulator/faults`."""

    def told(_: Request) -> JSONResponse:
        return JSONResponse(
            {
                "now": f"{state.now.isoformat()}Z",
                "until": f"{state.story.until.isoformat()}Z",
                "faults": state.faults.shares,
                "fault_counts": state.faults.answers,
            }
        )

    async def forward(request: Request) -> JSONResponse:
        try:
            state.forward(float(request.query_params.get("days", "1")))
        except ValueError as error:
            return JSONResponse({"message": str(error)}, status_code=400)
        return told(request)

    async def set_faults(request: Request) -> JSONResponse:
        wanted = await request.json()
        vendors = tuple(wanted.pop("vendors", ()))
        try:
            state.faults.set(wanted, vendors)
        except ValueError as error:
            return JSONResponse({"message": str(error)}, status_code=400)
        return told(request)

    return [
        Route("/_simulator", told),
        Route("/_simulator/forward", forward, methods=["POST"]),
        Route("/_simulator/faults", set_faults, methods=["POST"]),
    ]

"""Who may ask Meta, and in which words it answers: the token, errors, usage headers, pages of an edge."""

import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.state import State

VENDOR = "meta_ads"
VERSIONS = ("v24.0", "v25.0")
DEFAULT_PAGE, MOST = 25, 500
USAGE = "X-Business-Use-Case-Usage"


@dataclass(frozen=True)
class Call:
    """One request: the numbers of its path, the parameters of query and form, and the address of the next page."""

    path: dict[str, int]
    parameters: dict[str, str]
    url: str

    def json(self, name: str) -> Any:
        """A parameter that is JSON. Raises Refusal where it is none."""
        try:
            return orjson.loads(self.parameters.get(name, "null"))
        except orjson.JSONDecodeError as error:
            raise refusal(100, f"(#100) Param {name} must be valid JSON") from error


@dataclass
class Refusal(Exception):
    """An answer other than 200; `error` is Meta's."""

    status: int
    error: dict[str, Any]
    headers: dict[str, str]

    def response(self) -> Response:
        return _json({"error": self.error}, self.status, self.headers)


def refusal(code: int, message: str, subcode: int | None = None, status: int = 400, **more: Any) -> Refusal:
    """A refusal of the usual shape."""
    kind = "OAuthException" if code != 1 else "FacebookApiException"
    error = {"message": message, "type": kind, "code": code, "fbtrace_id": f"A{secrets.token_urlsafe(16)}", **more}
    return Refusal(status, error | ({"error_subcode": subcode} if subcode else {}), {})


def throttled(minutes: float) -> Refusal:
    """Too many calls for an ad account, and in how many minutes it may be asked again."""
    refused = refusal(80004, "(#80004) There have been too many calls to this ad-account.", 2446079)
    refused.headers[USAGE] = orjson.dumps({"1": [_use(100, minutes)]}).decode()
    return refused


def expired_token() -> Refusal:
    """The token was good once."""
    return refusal(190, "Error validating access token: Session has expired.", 463, 401)


@dataclass
class Gate:
    """Lets a request in whose token is right.

    The token is the state's client secret; `<it>!200` is one whose user is not assigned to the accounts.
    """

    state: State

    def route(self, path: str, told: Callable[[Call], dict], method: str = "GET") -> list[Route]:
        """A path behind the gate in every version; its answers bear the time of the story."""

        async def handle(request: Request) -> Response:
            try:
                self._admit(request)
                response = _json(await run_in_threadpool(told, await _call(request)))
            except Refusal as refused:
                response = refused.response()
            response.headers["Date"] = format_datetime(self.state.now.replace(tzinfo=UTC), usegmt=True)
            response.headers.setdefault(USAGE, orjson.dumps({"1": [_use(1, 0)]}).decode())
            return response

        return [Route(f"/{version}{path}", handle, methods=[method]) for version in VERSIONS]

    def _admit(self, request: Request) -> None:
        if "access_token" in request.query_params:
            raise refusal(1, "The token stands in the address, which may end up in somebody's log.")
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise refusal(2500, "An active access token must be used to query information about the current user.")
        if token.partition("!")[0] != self.state.client_secret:
            raise refusal(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        if token.endswith("!200"):
            message = "(#200) Ad account owner has NOT grant ads_management or ads_read permission"
            raise refusal(200, message, status=403)


def page_of(state: State, call: Call, rows: list[dict]) -> dict:
    """A page of an edge with its cursors, and the address of the next one, if there is one."""
    text = call.parameters.get("limit", str(DEFAULT_PAGE))
    if not text.isdecimal() or not int(text):
        raise refusal(100, "(#100) Param limit must be an integer")
    size = min(int(text), MOST)
    start = _place(call.parameters["after"]) if call.parameters.get("after") else 0
    rows = state.faults.pages(VENDOR, rows, size)
    page = rows[start : start + size]
    if not page:
        return {"data": []}
    cursors = {"before": _cursor(start), "after": _cursor(start + size)}
    following = f"{call.url}?access_token=not-shown&limit={size}&after={cursors['after']}"
    has_more = start + size < len(rows)
    return {"data": page, "paging": {"cursors": cursors} | ({"next": following} if has_more else {})}


async def _call(request: Request) -> Call:
    form = dict(parse_qsl((await request.body()).decode())) if request.method == "POST" else {}
    parameters = dict(request.query_params) | form
    return Call(dict(request.path_params), parameters, str(request.url.replace(query="")))


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"place {place}".encode()).decode()


def _place(cursor: str) -> int:
    try:
        name, _, place = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        if name == "place":
            return int(place)
    except (binascii.Error, ValueError):
        pass
    raise refusal(100, "(#100) Invalid cursors values")


def _use(share: int, minutes: float) -> dict:
    return {
        "type": "ads_insights",
        "call_count": share,
        "total_cputime": share,
        "total_time": share,
        "estimated_time_to_regain_access": minutes,
    }


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json; charset=UTF-8")

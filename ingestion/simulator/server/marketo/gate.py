"""Who may ask, how often, and in what shape answers come: tokens, quotas, the envelope of every answer."""

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.marketo.times import written
from ingestion.simulator.server.state import State

TOKEN_SECONDS = 3_600
# The vendor allows 100 calls in any 20 seconds; here as many in a shorter window, since days pass in minutes too.
CALLS_PER_WINDOW, WINDOW_SECONDS = 100, 2.0
CALLS_PER_DAY = 50_000
CALLS_AT_ONCE = 10
LONGEST_URL = 8_192
MESSAGES = {
    "600": "Access token not specified",
    "601": "Access token invalid",
    "602": "Access token expired",
    "603": "Access denied",
    "604": "Request timed out",
    "605": "HTTP method not supported",
    "606": f"Max rate limit '{CALLS_PER_WINDOW}' exceeded with in '20' secs",
    "607": "Daily quota reached",
    "608": "API Temporarily Unavailable",
    "610": "Requested resource not found",
    "611": "System error",
    "615": "Concurrent access limit reached",
}


@dataclass(frozen=True)
class Call:
    """One request: `parameters` of the query and of a form (`_method=GET`), the JSON `body`, the `path`'s parts."""

    parameters: dict[str, str]
    body: Any
    path: dict[str, str]
    headers: dict[str, str]

    def values(self, name: str) -> list[str]:
        """The values of a parameter that takes several, separated by commas."""
        return [value.strip() for value in self.parameters.get(name, "").split(",") if value.strip()]

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of at most `most`. Raises Refused where it is none."""
        text = self.parameters.get(name) or str(default)
        if not text.isdigit():
            raise Refused("1003", f"Invalid value for '{name}'. Must be a whole number.")
        return min(int(text), most)


class Refused(Exception):
    """An answer with `success: false`."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or MESSAGES[code]


Answer = Callable[[Call], dict | Response]


class Gate:
    """The tokens that were given out, and how many calls were made."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.calls: deque[float] = deque()
        self.calls_of_day: Counter[str] = Counter()
        self.refusals_of_day: dict[str, Counter[str]] = {}
        self.running = 0
        self._token = ""
        self._expires_at = 0.0
        self._former_tokens: set[str] = set()

    def identity(self) -> Route:
        """`/identity/oauth/token`: the same token as long as it is valid."""

        async def token(request: Request) -> Response:
            given = dict(request.query_params)
            if request.method == "POST":
                given |= dict(parse_qsl((await request.body()).decode()))
            if given.get("grant_type") != "client_credentials":
                return _json({"error": "unsupported_grant_type", "error_description": "Unsupported grant type"}, 400)
            known = (self.state.client_id, self.state.client_secret)
            if (given.get("client_id"), given.get("client_secret")) != known:
                return _json({"error": "invalid_client", "error_description": "Bad client credentials"}, 401)
            if time.monotonic() >= self._expires_at:
                self._former_tokens.add(self._token)
                self._token = f"{secrets.token_hex(16)}:lon"
                self._expires_at = time.monotonic() + TOKEN_SECONDS
            left = int(self._expires_at - time.monotonic())
            scope = "api@company.example"
            return _json({"access_token": self._token, "token_type": "bearer", "expires_in": left, "scope": scope})

        return Route("/identity/oauth/token", token, methods=["GET", "POST"])

    def expire_tokens(self) -> None:
        """Let the token that is out expire now."""
        self._expires_at = 0.0

    def statistics(self) -> list[Route]:
        """Calls and errors of the day and of the last seven days."""

        def usage(_: Call) -> dict:
            return {"result": [self._usage(day) for day in self._days(1)]}

        def errors(_: Call) -> dict:
            return {"result": [self._errors(day) for day in self._days(1)]}

        def usage_of_week(_: Call) -> dict:
            return {"result": [self._usage(day) for day in self._days(7)]}

        def errors_of_week(_: Call) -> dict:
            return {"result": [self._errors(day) for day in self._days(7)]}

        return [
            self.route("/rest/v1/stats/usage.json", usage),
            self.route("/rest/v1/stats/errors.json", errors),
            self.route("/rest/v1/stats/usage/last7days.json", usage_of_week),
            self.route("/rest/v1/stats/errors/last7days.json", errors_of_week),
        ]

    def route(self, path: str, answer: Answer, methods: tuple[str, ...] = ("GET",)) -> Route:
        """A path behind the gate; GET may also be said as POST with `_method=GET`, for long queries."""

        async def handle(request: Request) -> Response:
            if len(str(request.url)) > LONGEST_URL:
                return Response(status_code=414)
            call = await _call(request)
            is_said_as_post = request.method == "POST" and call.parameters.get("_method") == "GET"
            method = "GET" if is_said_as_post else request.method
            self.running += 1
            try:
                if method not in methods:
                    raise Refused("605", f"HTTP Method '{method}' is not supported")
                self._admit(request, call)
                answered = await run_in_threadpool(answer, call)
            except Refused as refused:
                self.refusals_of_day.setdefault(self._today(), Counter())[refused.code] += 1
                return refusal(refused.code, refused.message)
            finally:
                self.running -= 1
            return answered if isinstance(answered, Response) else success(answered)

        return Route(path, handle, methods=["GET", "POST"])

    def asset_route(self, path: str, answer: Answer) -> Route:
        """A path of the asset API, whose warnings are sentences."""
        return self.route(path, lambda call: {"warnings": [], **answer(call)})

    def _admit(self, request: Request, call: Call) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = token or call.parameters.get("access_token", "")
        if not token:
            raise Refused("600")
        if token in self._former_tokens or (token == self._token and time.monotonic() >= self._expires_at):
            raise Refused("602")
        if token != self._token:
            raise Refused("601")
        if self.running > CALLS_AT_ONCE:
            raise Refused("615")
        now = time.monotonic()
        while self.calls and self.calls[0] <= now - WINDOW_SECONDS:
            self.calls.popleft()
        if len(self.calls) >= CALLS_PER_WINDOW:
            raise Refused("606")
        if self.calls_of_day[self._today()] >= CALLS_PER_DAY:
            raise Refused("607")
        self.calls.append(now)
        self.calls_of_day[self._today()] += 1

    def _today(self) -> str:
        return f"{self.state.now:%Y-%m-%d}"

    def _days(self, count: int) -> list[str]:
        days = sorted({*self.calls_of_day, *self.refusals_of_day, self._today()}, reverse=True)
        return days[:count]

    def _usage(self, day: str) -> dict:
        count = self.calls_of_day[day]
        users = [{"userId": "api@company.example", "count": count}] if count else []
        return {"date": day, "total": count, "users": users}

    def _errors(self, day: str) -> dict:
        counts = self.refusals_of_day.get(day, Counter())
        errors = [{"errorCode": code, "count": count} for code, count in sorted(counts.items())]
        return {"date": day, "total": counts.total(), "errors": errors}


def success(answered: dict) -> Response:
    """The envelope of an answer; `errors` and `warnings` are there also when there are none, as the contract has it."""
    return _json({"requestId": _request_id(), "success": True, "errors": [], "warnings": []} | answered)


def refusal(code: str, message: str | None = None) -> Response:
    """The envelope of an error: its status is 200 all the same, and the contract wants a result even here."""
    errors = [{"code": code, "message": message or MESSAGES[code]}]
    return _json({"requestId": _request_id(), "success": False, "errors": errors, "warnings": [], "result": []})


def page_of(call: Call, rows: list, most: int = 300) -> dict:
    """One page of a listing and the token of the next one."""
    size = max(1, call.number("batchSize", most, most))
    token = call.parameters.get("nextPageToken", "")
    start = token_place(token) if token else 0
    answered: dict = {"result": rows[start : start + size]}
    if start + size < len(rows):
        answered |= {"nextPageToken": place_token(start + size), "moreResult": True}
    return answered


def place_token(*places: int) -> str:
    """Places as a token that looks like the vendor's."""
    return f"{'-'.join(str(place) for place in places).encode().hex().upper()}===="


def token_places(token: str) -> tuple[int, ...]:
    """The places that a token stands for. Raises Refused where it stands for none."""
    try:
        return tuple(int(place) for place in bytes.fromhex(token.rstrip("=")).decode().split("-"))
    except ValueError as error:
        raise Refused("702", f"Invalid paging token '{token[:40]}'") from error


def token_place(token: str) -> int:
    """The one place that a token stands for."""
    return token_places(token)[0]


async def _call(request: Request) -> Call:
    given = request.query_params.multi_items()
    raw = await request.body() if request.method == "POST" else b""
    body = None
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given += parse_qsl(raw.decode())
    elif raw:
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = ...
    # Several values may be separated by commas or given one by one.
    parameters: dict[str, str] = {}
    for name, value in given:
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return Call(parameters, body, dict(request.path_params), dict(request.headers))


def _request_id() -> str:
    return f"{secrets.token_hex(2)}#{secrets.token_hex(6)}"


def _json(answered: dict, status: int = 200) -> Response:
    body = orjson.dumps(answered, default=written, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, media_type="application/json;charset=UTF-8")

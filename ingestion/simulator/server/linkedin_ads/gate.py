"""Who may ask LinkedIn and in which words: tokens, the two headers, Rest.li's parameters, refusals."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.state import State

RESTLI_VERSION = "2.0.0"
# The vendor keeps a version for a year; a story of any time is told in all since this one.
OLDEST_VERSION = "202401"
TOKEN_SECONDS = 5_184_000
CALLS_PER_DAY = 100_000
DAY_LIMIT = "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached."


@dataclass(frozen=True)
class Call:
    """One request: the parts of its path; the whole path and the parameters as they were sent, percent-encoded."""

    path: dict[str, str]
    raw_path: str
    parameters: dict[str, str]

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`. Raises Refusal where it is none."""
        text = self.parameters.get(name, str(default))
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise invalid(f"Invalid param. Please see errorDetails for more information: {name}")
        return int(text)


class Refusal(Exception):
    """An answer other than 200; `body` is LinkedIn's."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body["message"])
        self.status, self.body = status, body


def refusal(status: int, code: str, message: str, service_code: int) -> Refusal:
    """A refusal of the usual shape."""
    body = {"status": status, "serviceErrorCode": service_code, "code": code, "message": message}
    return Refusal(status, body)


def invalid(message: str) -> Refusal:
    """What is wrong with a parameter."""
    return refusal(400, "ILLEGAL_ARGUMENT", message, 0)


def expired_token() -> Refusal:
    """The token was good once."""
    return refusal(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", 65602)


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A body as JSON."""
    return Response(orjson.dumps(body), status, headers, "application/json")


@dataclass
class Gate:
    """Lets a request in whose token, headers and number of calls are right.

    The state's client secret is also the refresh token, and a token that is always good; `<it>!100` lacks all scopes.
    """

    state: State
    issued: dict[str, float] = field(default_factory=dict)
    calls: int = 0

    def login(self, path: str) -> Route:
        """Where an app gets an access token for its refresh token."""

        async def token(request: Request) -> Response:
            given = dict(parse_qsl((await request.body()).decode()))
            if given.get("grant_type") != "refresh_token":
                told = {"error": "invalid_request", "error_description": "The passed in grant_type is invalid"}
                return answer(told, 400)
            if (given.get("client_id"), given.get("client_secret")) != (self.state.client_id, self.state.client_secret):
                return answer({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
            if given.get("refresh_token") != self.state.client_secret:
                told = {"error": "invalid_request", "error_description": "The provided refresh token is invalid"}
                return answer(told, 400)
            made = f"AQX{uuid.uuid4().hex}"
            self.issued[made] = time.monotonic() + TOKEN_SECONDS
            return answer(
                {
                    "access_token": made,
                    "expires_in": TOKEN_SECONDS,
                    "refresh_token": self.state.client_secret,
                    "refresh_token_expires_in": 31_536_000,
                    "scope": "r_ads,r_ads_reporting",
                }
            )

        return Route(path, token, methods=["POST"])

    def route(self, path: str, told: Callable[[Call], dict]) -> Route:
        """A path behind the gate; its answers bear the time of the story."""

        async def handle(request: Request) -> Response:
            try:
                self._admit(request)
                call = Call(dict(request.path_params), request.scope["raw_path"].decode(), _parameters(request))
                response = answer(await run_in_threadpool(told, call))
            except Refusal as refused:
                response = answer(refused.body, refused.status)
            response.headers["Date"] = format_datetime(self.state.now.replace(tzinfo=UTC), usegmt=True)
            return response

        return Route(path, handle, methods=["GET"])

    def _admit(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise refusal(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", 65604)
        if token in self.issued:
            if time.monotonic() > self.issued[token]:
                raise expired_token()
        elif token.partition("!")[0] != self.state.client_secret:
            raise refusal(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)
        if request.headers.get("x-restli-protocol-version") != RESTLI_VERSION:
            raise invalid("X-RestLi-Protocol-Version header must be 2.0.0")
        self._check_version(request.headers.get("linkedin-version", ""))
        if token.endswith("!100"):
            raise refusal(403, "ACCESS_DENIED", "Not enough permissions to access this resource", 100)
        self.calls += 1
        if self.calls > CALLS_PER_DAY:
            raise refusal(429, "TOO_MANY_REQUESTS", DAY_LIMIT, 101)

    def _check_version(self, version: str) -> None:
        if not version:
            raise refusal(400, "VERSION_MISSING", "A version must be present. Please specify a version", 0)
        if not (version.isdecimal() and len(version) == 6 and version >= OLDEST_VERSION):
            raise refusal(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active", 0)


def _parameters(request: Request) -> dict[str, str]:
    """The query as it was sent: in it brackets, colons and commas are structure, and encoded ones are text."""
    pairs = (pair.partition("=") for pair in request.scope["query_string"].decode().split("&") if pair)
    return {unquote(name): value for name, _, value in pairs}

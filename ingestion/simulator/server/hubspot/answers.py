"""Answers in HubSpot's words: JSON, paging, errors, rate-limit headers, and who may ask."""

import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from ingestion.simulator.server.state import State

T = TypeVar("T")
HUB_ID = 148_000_001
APP_ID = 1_480_001
DAILY_LIMIT = 1_000_000
SECONDLY_LIMIT = 190
TOKEN_SECONDS = 1_800
SCOPES = (
    *("crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read", "crm.objects.owners.read"),
    *("crm.schemas.contacts.read", "crm.schemas.companies.read", "crm.schemas.deals.read", "sales-email-read"),
    *("communication_preferences.read", "communication_preferences.statuses.batch.read", "forms", "content"),
    *("marketing.campaigns.read", "business-intelligence", "analytics.behavioral_events.send", "oauth"),
)
Handler = Callable[[Request], Awaitable[Response]]


class Refusal(Exception):
    """An answer other than 200; `body` is HubSpot's."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(body.get("message"))
        self.status, self.body, self.headers = status, body, headers or {}


def refusal(status: int, category: str, message: str, **more: Any) -> Refusal:
    """A refusal of the usual shape."""
    return Refusal(
        status,
        {"status": "error", "message": message, "correlationId": correlation_id(), "category": category, **more},
    )


def invalid(message: str) -> Refusal:
    """What is wrong with a request."""
    return refusal(400, "VALIDATION_ERROR", message)


def not_found(message: str = "resource not found") -> Refusal:
    """There is no such record."""
    return refusal(404, "OBJECT_NOT_FOUND", message)


def correlation_id() -> str:
    """Names one request in HubSpot's own logs."""
    return str(uuid.uuid4())


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A body as JSON."""
    return Response(orjson.dumps(body), status, headers, "application/json;charset=utf-8")


def rate_limited(policy: str, retry_after: int | None = None) -> Refusal:
    """Too many requests in a second (SECONDLY) or in a day (DAILY)."""
    body = {
        "status": "error",
        "message": f"You have reached your {policy.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id(),
        "policyName": policy,
        "groupName": f"publicapi:private-apps:api-calls-{'daily' if policy == 'DAILY' else 'per-second'}:{HUB_ID}",
    }
    return Refusal(429, body, {"Retry-After": str(retry_after)} if retry_after else None)


def expired_token() -> Refusal:
    """The token was good once."""
    message = "The OAuth token used to make this call expired 0 second(s) ago."
    return refusal(401, "EXPIRED_AUTHENTICATION", message)


@dataclass
class Gate:
    """Lets a request in if its token is good, has the scope, and the limits are not used up.

    The private-app token is the state's client secret; `<token>!<scope>,<scope>` is one that lacks these scopes. An
    access token from /oauth/v1/token is good for half an hour.
    """

    state: State
    issued: dict[str, float] = field(default_factory=dict)
    asked_count: int = 0

    def issue(self) -> str:
        """A new OAuth access token."""
        token = f"oauth-{uuid.uuid4().hex}"
        self.issued[token] = time.monotonic() + TOKEN_SECONDS
        return token

    def guarded(self, handler: Handler, scope: str | Callable[[Request], str]) -> Handler:
        """The handler behind the gate; the scope may depend on the request."""

        async def handle(request: Request) -> Response:
            try:
                self.let_in(request, scope if isinstance(scope, str) else scope(request))
                response = await handler(request)
            except Refusal as refused:
                response = answer(refused.body, refused.status, refused.headers)
            response.headers.update(self.limits())
            return response

        return handle

    def guarded_openly(self, handler: Handler) -> Handler:
        """The handler for those who need no token."""

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except Refusal as refused:
                return answer(refused.body, refused.status, refused.headers)

        return handle

    def let_in(self, request: Request, scope: str) -> None:
        """Raises Refusal where the request may not be answered."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise refusal(
                401,
                "INVALID_AUTHENTICATION",
                "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
                "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            )
        token, _, withheld = token.partition("!")
        if token in self.issued:
            if time.monotonic() > self.issued[token]:
                raise expired_token()
        elif token != self.state.client_secret:
            raise refusal(
                401,
                "INVALID_AUTHENTICATION",
                "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
                "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            )
        if scope in withheld.split(","):
            raise refusal(
                403,
                "MISSING_SCOPES",
                "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
                "here: https://developers.hubspot.com/scopes.",
                errors=[
                    {
                        "message": "One or more of the following scopes are required.",
                        "context": {"requiredGranularScopes": [scope]},
                    }
                ],
                links={"scopes": "https://developers.hubspot.com/scopes"},
            )
        self.asked_count += 1
        if self.asked_count > DAILY_LIMIT:
            raise rate_limited("DAILY")

    def limits(self) -> dict[str, str]:
        """The headers that say what may still be asked."""
        return {
            "X-HubSpot-RateLimit-Daily": str(DAILY_LIMIT),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, DAILY_LIMIT - self.asked_count)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(SECONDLY_LIMIT),
            "X-HubSpot-RateLimit-Remaining": str(SECONDLY_LIMIT - 1),
            "X-HubSpot-RateLimit-Secondly": "19",
            "X-HubSpot-RateLimit-Secondly-Remaining": "18",
            "X-HubSpot-Correlation-Id": correlation_id(),
        }


def page(request: Request, rows: Sequence[T], start: int, size: int) -> tuple[list[T], dict[str, Any]]:
    """A page of rows, and what its answer says of the next one: an empty dict at the end."""
    end = start + size
    if end >= len(rows):
        return list(rows[start:end]), {}
    link = str(request.url.include_query_params(after=end))
    return list(rows[start:end]), {"paging": {"next": {"after": str(end), "link": link}}}


def whole_number(text: Any, name: str, default: int, most: int, least: int = 1) -> int:
    """A parameter such as `limit`. Raises Refusal where it is none, or beyond what HubSpot allows."""
    if text in (None, ""):
        return default
    try:
        number = int(text)
    except (TypeError, ValueError) as error:
        raise invalid(f"Unable to parse value for url parameter '{name}': {text}") from error
    if not least <= number <= most:
        raise invalid(f"Invalid input JSON: {name} must be between {least} and {most}, was {number}")
    return number


def listed(request: Request, name: str) -> list[str]:
    """A parameter that may be repeated or hold several values separated by commas."""
    return [part.strip() for value in request.query_params.getlist(name) for part in value.split(",") if part.strip()]


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a request brings. Raises Refusal where it brings none."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise invalid(f"Invalid input JSON on line 1, column 1: {error}") from error
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON on line 1, column 1: Cannot deserialize value from an array")
    return body

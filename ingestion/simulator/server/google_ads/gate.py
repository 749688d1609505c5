"""Who may ask, how often, and in what shape answers and errors come."""

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ingestion.simulator.server.google_ads.answers import answer, field_mask
from ingestion.simulator.server.google_ads.gaql import GaqlError, Query, parse
from ingestion.simulator.server.google_ads.world import MANAGER, World

VERSIONS = (23, 24, 25, 26)
TOKEN_PATH = "/google_ads/token"
TOKEN_SECONDS = 3_599
SCOPE = "https://www.googleapis.com/auth/adwords"
ROWS_PER_BATCH = ROWS_PER_PAGE = 10_000
# Pages of a listing that faults disturb are smaller, so that there are some.
ROWS_DISTURBED = 50
OPERATIONS_PER_DAY = 15_000
DENIED = (
    "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's "
    "customer id must be set in the 'login-customer-id' header. See "
    "https://developers.google.com/google-ads/api/docs/concepts/call-structure#cid"
)
STATUSES = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token."),
    403: ("PERMISSION_DENIED", "The caller does not have permission"),
    404: ("NOT_FOUND", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    500: ("INTERNAL", "Internal error encountered."),
    503: ("UNAVAILABLE", "The service is currently unavailable."),
}


class Refused(Exception):
    """An answer with an error: HTTP status, the kind of error, its code and words, and details."""

    def __init__(self, status: int, kind: str = "", code: str = "", words: str = "", details: dict | None = None):
        super().__init__(code)
        self.status, self.kind, self.code, self.words, self.details = status, kind, code, words, details


class Gate:
    """The access tokens that were given out, and the operations of each day."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.operations: Counter[str] = Counter()
        self._tokens: dict[str, float] = {}

    def routes(self) -> list[Route]:
        """The token endpoint, and search and searchStream in every version that is served."""
        accounts = [f"/v{version}/customers/{{account}}/googleAds" for version in VERSIONS]
        return [
            Route(TOKEN_PATH, self._token, methods=["POST"]),
            *(Route(f"{path}:searchStream", self._stream, methods=["POST"]) for path in accounts),
            *(Route(f"{path}:search", self._search, methods=["POST"]) for path in accounts),
        ]

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        state = self.world.state
        if form.get("grant_type") != "refresh_token":
            return _oauth_error("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        if form.get("client_id") != state.client_id:
            return _oauth_error("invalid_client", "The OAuth client was not found.", 401)
        if form.get("client_secret") != state.client_secret:
            return _oauth_error("invalid_client", "The provided client secret is invalid.", 401)
        if form.get("refresh_token") != state.client_secret:
            return _oauth_error("invalid_grant", "Token has been expired or revoked.")
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._tokens[token] = time.monotonic() + TOKEN_SECONDS
        given = {"access_token": token, "expires_in": TOKEN_SECONDS, "scope": SCOPE, "token_type": "Bearer"}
        return Response(orjson.dumps(given), media_type="application/json; charset=utf-8")

    async def _stream(self, request: Request) -> Response:
        try:
            body = await self._admitted(request)
            query, rows = await run_in_threadpool(self._answer, request, body)
        except Refused as refused:
            return refusal(refused, is_stream=True)
        return StreamingResponse(_batches(query, rows), media_type="application/json; charset=UTF-8")

    async def _search(self, request: Request) -> Response:
        try:
            body = await self._admitted(request)
            if "pageSize" in body:
                raise Refused(
                    400,
                    "requestError",
                    "PAGE_SIZE_NOT_SUPPORTED",
                    f"Setting the page size is not supported. Pages have a fixed size of {ROWS_PER_PAGE} rows.",
                )
            query, rows = await run_in_threadpool(self._answer, request, body)
            start = _place(body.get("pageToken") or "")
        except Refused as refused:
            return refusal(refused)
        page: dict[str, Any] = {"results": rows[start : start + ROWS_PER_PAGE], "fieldMask": field_mask(query)}
        if start + ROWS_PER_PAGE < len(rows):
            page["nextPageToken"] = f"p{start + ROWS_PER_PAGE}".encode().hex()
        if (body.get("searchSettings") or {}).get("returnTotalResultsCount"):
            page["totalResultsCount"] = str(len(rows))
        return _json(_without_nothing(page) | {"queryResourceConsumption": str(10 + len(rows))})

    async def _admitted(self, request: Request) -> dict[str, Any]:
        """The body of a request that may be answered."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if bearer not in self._tokens:
            raise Refused(401)
        if self._tokens[bearer] <= time.monotonic():
            raise expired()
        account = request.path_params["account"]
        if not account.isdigit():
            raise Refused(400, "requestError", "INVALID_CUSTOMER_ID", f"Invalid customer ID '{account}'.")
        login = request.headers.get("login-customer-id", account)
        if not login.isdigit():
            raise Refused(
                400, "headerError", "INVALID_LOGIN_CUSTOMER_ID", "The login customer ID could not be validated."
            )
        known = self.world.rows("customer")["account"]
        if int(account) not in set(known) or int(login) != MANAGER:
            raise Refused(403, "authorizationError", "USER_PERMISSION_DENIED", DENIED)
        self._count()
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            raise Refused(400, "requestError", "REQUIRED_FIELD_MISSING", "The required field was not present.")
        return body

    def _count(self) -> None:
        day = f"{self.world.state.now:%Y-%m-%d}"
        self.operations[day] += 1
        if self.operations[day] > OPERATIONS_PER_DAY:
            raise exhausted("Number of operations for basic access", 54_000)

    def _answer(self, request: Request, body: dict[str, Any]) -> tuple[Query, list[dict[str, Any]]]:
        faults = self.world.state.faults
        try:
            query = parse(body["query"])
            rows = answer(self.world, int(request.path_params["account"]), query)
        except GaqlError as error:
            raise Refused(400, error.kind, error.code, error.words) from None
        rows = faults.pages("google_ads", rows, ROWS_DISTURBED)
        drifts = [kind for kind in ("new_field", "changed_type") if faults.has(kind, "google_ads")]
        return query, [_drifted(row, number, drifts) for number, row in enumerate(rows)] if drifts else rows


def expired() -> Refused:
    """The answer to a token that was valid once."""
    words = "The OAuth 2 access token in the header has expired."
    return Refused(401, "authenticationError", "OAUTH_TOKEN_EXPIRED", words)


def exhausted(rate: str, seconds: int) -> Refused:
    """The answer to too many requests."""
    delay = {"rateScope": "DEVELOPER", "rateName": rate, "retryDelay": f"{seconds}s"}
    words = f"Too many requests. Retry in {seconds} seconds."
    return Refused(429, "quotaError", "RESOURCE_EXHAUSTED", words, {"quotaErrorDetails": delay})


def refusal(refused: Refused, is_stream: bool = False) -> Response:
    """An error as JSON; a stream is an array even then."""
    body = error_body(refused)
    return _json([body] if is_stream else body, refused.status)


def error_body(refused: Refused) -> dict[str, Any]:
    """Google's error object; one from before Google Ads has no details."""
    status, message = STATUSES[refused.status]
    error: dict[str, Any] = {"code": refused.status, "message": message, "status": status}
    if refused.code:
        single = {"errorCode": {refused.kind: refused.code}, "message": refused.words}
        if refused.details:
            single["details"] = refused.details
        failure = f"type.googleapis.com/google.ads.googleads.v{VERSIONS[-2]}.errors.GoogleAdsFailure"
        error["details"] = [{"@type": failure, "errors": [single], "requestId": _request_id()}]
    return {"error": error}


def _batches(query: Query, rows: list[dict[str, Any]]) -> Iterator[bytes]:
    """A stream's answer, batch by batch: one array."""
    request_id, starts = _request_id(), range(0, max(len(rows), 1), ROWS_PER_BATCH)
    for start in starts:
        batch = {"results": rows[start : start + ROWS_PER_BATCH], "fieldMask": field_mask(query)}
        last = {"queryResourceConsumption": str(10 + len(rows))} if start == starts[-1] else {}
        written = orjson.dumps(_without_nothing(batch) | {"requestId": request_id} | last)
        yield (b"," if start else b"[") + written + (b"]" if last else b"")


def _without_nothing(message: dict[str, Any]) -> dict[str, Any]:
    """A message without its empty lists, which JSON leaves out."""
    return {name: value for name, value in message.items() if value != []}


def _drifted(row: dict[str, Any], number: int, drifts: list[str]) -> dict[str, Any]:
    """A row with a field that nobody knows yet, or whose clicks are no number any more."""
    metrics = dict(row.get("metrics") or {})
    if "new_field" in drifts and "impressions" in metrics:
        metrics["attentiveSeconds"] = str(number % 60)
    if "changed_type" in drifts and "clicks" in metrics and number % 7 == 0:
        metrics["clicks"] = "several"
    return row | ({"metrics": metrics} if metrics else {})


def _place(token: str) -> int:
    try:
        return int(bytes.fromhex(token).decode().removeprefix("p")) if token else 0
    except ValueError:
        raise Refused(400, "requestError", "INVALID_PAGE_TOKEN", "Page token is invalid.") from None


def _oauth_error(code: str, words: str, status: int = 400) -> Response:
    return _json({"error": code, "error_description": words}, status)


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json; charset=UTF-8")


def _request_id() -> str:
    return secrets.token_urlsafe(16)

"""Who may ask, and errors in Google's words: access tokens for a service account's assertion or a refresh token."""

import secrets
import time
from dataclasses import dataclass
from functools import cache

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.google_analytics.reports import PROPERTY_ID, Invalid, Reports
from ingestion.simulator.server.state import State

TOKEN_PATH = "/google_analytics/token"
SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
SERVICE_ACCOUNT = "funnelhouse@kolibri.iam.gserviceaccount.example"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_SECONDS = 3_599


@dataclass
class Refused(Exception):
    """An error of the API; `status` is Google's word for it."""

    code: int
    status: str
    message: str

    @classmethod
    def unauthenticated(cls) -> "Refused":
        return cls(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
            "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )

    def answer(self) -> Response:
        return _json({"error": {"code": self.code, "message": self.message, "status": self.status}}, self.code)


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """The service account's key, made anew by each process."""
    return rsa.generate_private_key(65_537, 2_048)


def key_file(address: str) -> dict[str, str]:
    """What Google lets one download for a service account."""
    pem = signing_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "type": "service_account",
        "project_id": "kolibri",
        "private_key_id": "made-up",
        "private_key": pem,
        "client_email": SERVICE_ACCOUNT,
        "token_uri": f"{address}{TOKEN_PATH}",
    }


class Gate:
    """The tokens that were given out, and what they open."""

    def __init__(self, state: State, reports: Reports) -> None:
        self.state = state
        self.reports = reports
        self.ends: dict[str, float] = {}

    def routes(self) -> list[Route]:
        return [
            Route(TOKEN_PATH, self._token, methods=["POST"]),
            Route("/v1beta/properties/{property}:runReport", self._report, methods=["POST"]),
        ]

    async def _token(self, request: Request) -> Response:
        form = dict(await request.form())
        refusal = self._assertion_fault(form, request) if form.get("grant_type") == ASSERTION else self._fault(form)
        if refusal:
            error, words = refusal
            answer = {"error": error, "error_description": words}
            return _json(answer, 401 if error == "invalid_client" else 400)
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.ends[token] = time.monotonic() + TOKEN_SECONDS
        return _json({"access_token": token, "expires_in": TOKEN_SECONDS, "scope": SCOPE, "token_type": "Bearer"})

    def _fault(self, form: dict) -> tuple[str, str] | None:
        if form.get("grant_type") != "refresh_token":
            return "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}"
        if (form.get("client_id"), form.get("client_secret")) != (self.state.client_id, self.state.client_secret):
            return "invalid_client", "Unauthorized"
        if form.get("refresh_token") != self.state.client_secret:
            return "invalid_grant", "Bad Request"
        return None

    def _assertion_fault(self, form: dict, request: Request) -> tuple[str, str] | None:
        audience = f"{request.url.scheme}://{request.url.netloc}{TOKEN_PATH}"
        try:
            claims = jwt.decode(
                form.get("assertion", ""), signing_key().public_key(), ["RS256"], audience=audience, leeway=60
            )
        except jwt.InvalidTokenError:
            return "invalid_grant", "Invalid JWT Signature."
        if claims.get("iss") != SERVICE_ACCOUNT:
            return "invalid_grant", "Invalid grant: account not found"
        if claims.get("scope") != SCOPE:
            return "invalid_scope", "Invalid OAuth scope or ID token audience provided."
        return None

    async def _report(self, request: Request) -> Response:
        try:
            _, _, token = request.headers.get("authorization", "").partition(" ")
            if self.ends.get(token, 0.0) <= time.monotonic():
                raise Refused.unauthenticated()
            if request.path_params["property"] != PROPERTY_ID:
                words = (
                    "User does not have sufficient permissions for this property. To learn more about Property ID, see "
                    "https://developers.google.com/analytics/devguides/reporting/data/v1/property-id."
                )
                raise Refused(403, "PERMISSION_DENIED", words)
            try:
                body = orjson.loads(await request.body())
                return _json(await run_in_threadpool(self.reports.run, body))
            except (Invalid, orjson.JSONDecodeError) as error:
                raise Refused(400, "INVALID_ARGUMENT", str(error)) from error
        except Refused as refused:
            return refused.answer()


def _json(body: dict, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json; charset=UTF-8")

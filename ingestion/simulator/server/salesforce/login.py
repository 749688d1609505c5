"""Who may ask: OAuth tokens and sessions of the SOAP login, which last two hours."""

import base64
import binascii
import hashlib
import hmac
import itertools
import re
import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingestion.simulator.server.salesforce.org import AUTOMATED_USER, ORGANIZATION_ID
from ingestion.simulator.server.state import State

SESSION_SECONDS = 2 * 3600
SOAP_ANSWER = """<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope \
xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">\
<soapenv:Body><loginResponse><result><metadataServerUrl>{base}/services/Soap/m/{version}/{organization}\
</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox>\
<serverUrl>{base}/services/Soap/u/{version}/{organization}</serverUrl><sessionId>{token}</sessionId>\
<userId>{user}</userId></result></loginResponse></soapenv:Body></soapenv:Envelope>"""
SOAP_FAULT = """<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope \
xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com">\
<soapenv:Body><soapenv:Fault><faultcode>INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: {words}</faultstring>\
<detail><sf:LoginFault><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode><sf:exceptionMessage>{words}\
</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"""
BAD_LOGIN = "Invalid username, password, security token; or user locked out."


@dataclass
class Sessions:
    """The tokens in force and when each ends."""

    state: State
    ends: dict[str, float] = field(default_factory=dict)
    _numbers: itertools.count = field(default_factory=itertools.count)

    def is_open(self, request: Request) -> bool:
        """Whether a request carries a token that holds."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme in ("Bearer", "OAuth") and self.ends.get(token, 0.0) > time.monotonic()

    async def token(self, request: Request) -> Response:
        """POST /services/oauth2/token"""
        form = dict(await request.form()) | dict(request.query_params)
        given_id, given_secret = _basic(request) or (form.get("client_id"), form.get("client_secret"))
        if given_id != self.state.client_id:
            return _refused("invalid_client_id", "client identifier invalid")
        if given_secret != self.state.client_secret:
            return _refused("invalid_client", "invalid client credentials")
        kind = form.get("grant_type")
        if kind == "password" and not self._is_password(form.get("password", "")):
            return _refused("invalid_grant", "authentication failure")
        if kind == "refresh_token" and form.get("refresh_token") != self.state.client_secret:
            return _refused("invalid_grant", "expired access/refresh token")
        if kind not in ("client_credentials", "password", "refresh_token"):
            return _refused("unsupported_grant_type", "grant type not supported")
        base = _base(request)
        issued_at = str(int(time.time() * 1000))
        identity = f"{base}/id/{ORGANIZATION_ID}/{AUTOMATED_USER}"
        signature = hmac.new(self.state.client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256)
        answer = {"access_token": self._issue(), "instance_url": base, "id": identity, "token_type": "Bearer"}
        answer |= {"issued_at": issued_at, "signature": base64.b64encode(signature.digest()).decode()}
        return JSONResponse(answer | ({"scope": "api"} if kind != "password" else {}))

    async def soap(self, request: Request) -> Response:
        """POST /services/Soap/u/…: the login of the older clients."""
        body = (await request.body()).decode()
        found = re.search(r"<(?:\w+:)?password>(.*?)</", body, re.DOTALL)
        version = request.path_params["version"].split("/")[0]
        if not found or not self._is_password(found[1]):
            return Response(SOAP_FAULT.format(words=BAD_LOGIN), 500, media_type="text/xml")
        known = {"version": version, "organization": ORGANIZATION_ID, "user": AUTOMATED_USER}
        return Response(SOAP_ANSWER.format(base=_base(request), token=self._issue(), **known), media_type="text/xml")

    def _is_password(self, given: str) -> bool:
        """The password, with or without a security token behind it."""
        return given.startswith(self.state.client_secret)

    def _issue(self) -> str:
        token = f"{ORGANIZATION_ID[:15]}!AQ.{next(self._numbers):06d}.{hashlib.sha256(b'made up').hexdigest()[:40]}"
        self.ends[token] = time.monotonic() + SESSION_SECONDS
        return token


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return None
    try:
        given_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return given_id, secret


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _refused(error: str, words: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": words}, 400)

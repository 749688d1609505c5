"""A small OpenID Connect provider: whoever comes is the person that the test has chosen."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "funnelhouse", "made-up-secret"
KEY_ID = "key-1"


@dataclass
class Provider:
    """What the provider says of the next person who signs in. `key` signs; another one than published is a forger's."""

    address: str
    claims: dict[str, Any] = field(default_factory=dict)
    audience: str = CLIENT_ID
    published: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    key: rsa.RSAPrivateKey | None = None
    age_seconds: int = 0
    codes: dict[str, str | None] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """The addresses that it answers at."""
        return [
            Route("/.well-known/openid-configuration", self.discovery),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/keys", self.keys),
        ]

    async def discovery(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def authorize(self, request: Request) -> Response:
        code = secrets.token_urlsafe(16)
        self.codes[code] = request.query_params.get("nonce")
        back = urlencode({"code": code, "state": request.query_params["state"]})
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{back}")

    async def token(self, request: Request) -> Response:
        form = await request.form()
        if form["code"] not in self.codes:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        issued = int(time.time()) - self.age_seconds
        claims = {"iss": self.address, "aud": self.audience, "sub": "1", "iat": issued, "exp": int(time.time()) + 600}
        claims |= {"nonce": self.codes.pop(form["code"])} | self.claims
        token = jwt.encode(claims, self.key or self.published, algorithm="RS256", headers={"kid": KEY_ID})
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    async def keys(self, request: Request) -> Response:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.published.public_key(), as_dict=True)
        return JSONResponse({"keys": [key | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]})


@contextmanager
def running(port: int) -> Iterator[Provider]:
    """A provider that answers on a loopback port."""
    provider = Provider(f"http://127.0.0.1:{port}")
    config = uvicorn.Config(Starlette(routes=provider.routes()), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(timeout=10)

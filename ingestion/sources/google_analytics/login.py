"""Who we are to Google: a service account that signs its own requests for tokens, or a person's refresh token."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import jwt

from ingestion.faults import Fault

PREFIX = "FUNNELHOUSE_GOOGLE_ANALYTICS_"
SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY_SECONDS, CLOCK_SKEW_SECONDS = 3_600, 60


@dataclass(frozen=True)
class ServiceAccount:
    """The account of a key file as Google lets one download it."""

    email: str
    key: str = field(repr=False)
    key_id: str | None
    token_url: str

    @classmethod
    def from_file(cls, path: Path) -> "ServiceAccount":
        """Raises Fault where the file is none."""
        setting = f"{PREFIX}CREDENTIALS_FILE: {path}"
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            account = cls(given["client_email"], given["private_key"], given.get("private_key_id"), given["token_uri"])
            account.form()
        except OSError as error:
            raise Fault(f"{setting} cannot be read ({error.strerror}).") from None
        except (ValueError, LookupError, TypeError, jwt.PyJWTError):
            # What was read may hold the key: nothing of it is told.
            raise Fault(f"{setting} is not the JSON key of a service account; download one anew.") from None
        return account

    @property
    def name(self) -> str:
        return self.email

    def form(self) -> dict[str, str]:
        """What to send for a token: a claim that is good for an hour, signed."""
        now = int(time.time()) - CLOCK_SKEW_SECONDS
        claims = {"iss": self.email, "scope": SCOPE, "aud": self.token_url, "iat": now, "exp": now + KEY_SECONDS}
        signed = jwt.encode(claims, self.key, "RS256", headers={"kid": self.key_id} if self.key_id else None)
        return {"grant_type": ASSERTION, "assertion": signed}

    def refused(self, error: str) -> Fault | None:
        """What an error of the token's address means, None where it says nothing of us."""
        if error in ("invalid_grant", "invalid_client", "unauthorized_client"):
            return Fault(
                f"{PREFIX}CREDENTIALS_FILE: Google does not accept the key of {self.email} ({error}); "
                "it was deleted, or this machine's clock is wrong."
            )
        return None


@dataclass(frozen=True)
class Person:
    """The OAuth client of a Cloud project, and what a person let it do."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    token_url: str
    name: str = f"the Google account behind {PREFIX}REFRESH_TOKEN"

    def form(self) -> dict[str, str]:
        """What to send for a token."""
        return {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }

    def refused(self, error: str) -> Fault | None:
        """What an error of the token's address means, None where it says nothing of us."""
        if error == "invalid_grant":
            return Fault(f"{PREFIX}REFRESH_TOKEN has expired, was revoked or belongs to another client; get a new one.")
        if error in ("invalid_client", "unauthorized_client"):
            return Fault(f"{PREFIX}CLIENT_ID, {PREFIX}CLIENT_SECRET: Google does not accept them; copy both anew.")
        return None

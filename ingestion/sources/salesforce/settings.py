"""Where Salesforce is, who we are there, and how we ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlparse

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.http import HttpSettings

PREFIX = "FUNNELHOUSE_SALESFORCE_"
DEFAULT_LOGIN_URL = "https://login.salesforce.com"
DEFAULT_API_VERSION = "59.0"
DEFAULT_BULK_THRESHOLD = 50_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class SalesforceSettings:
    """Credentials and how to read; without a username it is the client-credentials flow.

    From `bulk_threshold` records on, an object's first load goes through Bulk API 2.0.
    """

    login_url: str
    client_id: str
    client_secret: str = field(repr=False)
    username: str | None
    password: str | None = field(repr=False)
    security_token: str = field(repr=False)
    api_version: str
    bulk_threshold: int
    http: HttpSettings

    @classmethod
    def from_settings(cls, settings: Settings) -> "SalesforceSettings":
        """Raises Fault where a setting is missing or cannot be understood."""
        given = {name.removeprefix(PREFIX): value for name, value in settings.environment.items() if value}
        username, password = given.get("USERNAME"), given.get("PASSWORD")
        if bool(username) != bool(password):
            raise Fault(f"{PREFIX}USERNAME and {PREFIX}PASSWORD belong together: set both, or neither.")
        return cls(
            login_url=_login_url(given.get("LOGIN_URL", DEFAULT_LOGIN_URL)),
            client_id=_needed(given, "CLIENT_ID"),
            client_secret=_needed(given, "CLIENT_SECRET"),
            username=username,
            password=password,
            security_token=given.get("SECURITY_TOKEN", ""),
            api_version=_version(given.get("API_VERSION", DEFAULT_API_VERSION)),
            bulk_threshold=_count(given, "BULK_THRESHOLD", DEFAULT_BULK_THRESHOLD),
            http=HttpSettings.from_settings(settings),
        )


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, where plain http is no danger."""
    return urlparse(url).hostname in LOOPBACK


def _needed(given: Mapping[str, str], name: str) -> str:
    if name not in given:
        raise Fault(f"{PREFIX}{name} is not set; ingestion/sources/salesforce/README.md says where to get it.")
    return given[name]


def _login_url(url: str) -> str:
    parts = urlparse(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Fault(f"{PREFIX}LOGIN_URL: '{url}' is not an address such as https://mycompany.my.salesforce.com.")
    if parts.scheme == "http" and not is_loopback(url):
        raise Fault(f"{PREFIX}LOGIN_URL: '{url}' would send the secret in the clear; use https.")
    return f"{parts.scheme}://{parts.netloc}"


def _version(text: str) -> str:
    version = text.removeprefix("v")
    if not version.removesuffix(".0").isdigit():
        raise Fault(f"{PREFIX}API_VERSION: '{text}' is not a version such as {DEFAULT_API_VERSION}.")
    return f"{version.removesuffix('.0')}.0"


def _count(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not text.isdigit() or not int(text):
        raise Fault(f"{PREFIX}{name}: '{text}' is not a whole number above 0.")
    return int(text)

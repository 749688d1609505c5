"""Which ad accounts of LinkedIn to read, as whom, and how far back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.http import HttpSettings
from ingestion.windows import Horizon

PREFIX = "FUNNELHOUSE_LINKEDIN_ADS_"
BASE_URL, LOGIN_URL = "https://api.linkedin.com", "https://www.linkedin.com"
# Each version of the API is kept for a year.
VERSION = "202608"
# Conversions come in as long after a click as the account's attribution window is, which is 90 days at most.
LOOK_BACK_DAYS = 90


@dataclass(frozen=True)
class LinkedInAdsSettings:
    """Either `access_token` is set, or what one is made from: `client_id`, `client_secret` and `refresh_token`."""

    account_ids: tuple[int, ...]
    access_token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    base_url: str
    login_url: str
    version: str
    horizon: Horizon
    http: HttpSettings

    @classmethod
    def from_settings(cls, settings: Settings) -> "LinkedInAdsSettings":
        """Read `FUNNELHOUSE_LINKEDIN_ADS_…`. Raises Fault where one is missing or cannot be understood."""
        environment = settings.environment

        def value(name: str, default: str = "") -> str:
            return environment.get(f"{PREFIX}{name}", "").strip() or default

        access_token = value("ACCESS_TOKEN")
        app = {name: value(name) for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")}
        missing = [f"{PREFIX}{name}" for name, given in app.items() if not given]
        if missing and not access_token:
            raise Fault(f"{', '.join(missing)}: empty; set all three of the app, or {PREFIX}ACCESS_TOKEN.")
        version = value("VERSION", VERSION)
        if not (version.isdecimal() and len(version) == 6):
            raise Fault(f"{PREFIX}VERSION: '{version}' is not a version such as {VERSION}.")
        return cls(
            account_ids=_account_ids(environment),
            access_token=access_token,
            client_id=app["CLIENT_ID"],
            client_secret=app["CLIENT_SECRET"],
            refresh_token=app["REFRESH_TOKEN"],
            base_url=_address("BASE_URL", value("BASE_URL", BASE_URL)),
            login_url=_address("LOGIN_URL", value("LOGIN_URL", LOGIN_URL)),
            version=version,
            horizon=Horizon.from_environment(environment, PREFIX, LOOK_BACK_DAYS),
            http=HttpSettings.from_settings(settings),
        )


def _account_ids(environment: Mapping[str, str]) -> tuple[int, ...]:
    given = [text.strip() for text in environment.get(f"{PREFIX}ACCOUNT_IDS", "").split(",") if text.strip()]
    if not given:
        raise Fault(
            f"{PREFIX}ACCOUNT_IDS is empty; set it to the numbers that Campaign Manager shows, such as 512345678."
        )
    for text in given:
        if not text.isdecimal():
            raise Fault(f"{PREFIX}ACCOUNT_IDS: '{text}' is not the number of an ad account such as 512345678.")
    return tuple(dict.fromkeys(int(text) for text in given))


def _address(name: str, given: str) -> str:
    if not given.startswith(("https://", "http://")):
        raise Fault(f"{PREFIX}{name}: '{given}' is not an address such as {BASE_URL}.")
    return given.rstrip("/")

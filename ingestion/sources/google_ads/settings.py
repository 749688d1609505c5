"""Which Google Ads accounts to read, as whom, and how far back."""

import re
from dataclasses import dataclass, field
from datetime import date

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.http import HttpSettings

PREFIX = "FUNNELHOUSE_GOOGLE_ADS_"
BASE_URL, TOKEN_URL = "https://googleads.googleapis.com", "https://oauth2.googleapis.com/token"
API_VERSION = "25"
LOOK_BACK_DAYS = 90


@dataclass(frozen=True)
class GoogleAdsSettings:
    """Account numbers are digits alone; no `customer_ids` means all accounts below the manager `login_customer_id`.

    `developer_token` is empty where there is none. `since` limits how far back the first load reads, None: as far as
    Google does. `look_back_days`: so long after a day Google may still change what it states of that day.
    """

    customer_ids: tuple[str, ...]
    login_customer_id: str
    developer_token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    base_url: str
    token_url: str
    api_version: str
    since: date | None
    look_back_days: int
    http: HttpSettings

    @classmethod
    def from_settings(cls, settings: Settings) -> "GoogleAdsSettings":
        """Read `FUNNELHOUSE_GOOGLE_ADS_…`. Raises Fault where one is missing or cannot be understood."""

        def text(name: str, default: str = "") -> str:
            return (settings.environment.get(PREFIX + name) or default).strip()

        def wanted(name: str, where: str) -> str:
            if not text(name):
                raise Fault(f"{PREFIX}{name} is empty; {where}.")
            return text(name)

        def address(name: str, default: str) -> str:
            if not text(name, default).startswith(("https://", "http://")):
                raise Fault(f"{PREFIX}{name}: '{text(name)}' is not an address such as {default}.")
            return text(name, default).rstrip("/")

        given = [name for name in text("CUSTOMER_IDS").split(",") if name.strip()]
        login = text("LOGIN_CUSTOMER_ID")
        if not given and not login:
            raise Fault(
                f"{PREFIX}CUSTOMER_IDS is empty; name the accounts to read, such as 123-456-7890, or in "
                f"{PREFIX}LOGIN_CUSTOMER_ID the manager account of which all accounts are to be read."
            )
        console = "copy it from the OAuth client in the Google Cloud console"
        return cls(
            customer_ids=tuple(dict.fromkeys(_number("CUSTOMER_IDS", name) for name in given)),
            login_customer_id=_number("LOGIN_CUSTOMER_ID", login) if login else "",
            developer_token=text("DEVELOPER_TOKEN"),
            client_id=wanted("CLIENT_ID", console),
            client_secret=wanted("CLIENT_SECRET", console),
            refresh_token=wanted("REFRESH_TOKEN", "the README of the source says how to get one"),
            base_url=address("BASE_URL", BASE_URL),
            token_url=address("TOKEN_URL", TOKEN_URL),
            api_version=_version(text("API_VERSION", API_VERSION)),
            since=_day(text("SINCE")),
            look_back_days=_days(text("LOOK_BACK_DAYS", str(LOOK_BACK_DAYS))),
            http=HttpSettings.from_settings(settings),
        )


def _number(name: str, text: str) -> str:
    """An account's number, which people write with hyphens."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{10}", digits):
        raise Fault(f"{PREFIX}{name}: '{text.strip()}' is not an account number such as 123-456-7890.")
    return digits


def _version(text: str) -> str:
    digits = text.lower().removeprefix("v")
    if not digits.isdigit():
        raise Fault(f"{PREFIX}API_VERSION: '{text}' is not a version such as {API_VERSION}.")
    return digits


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Fault(f"{PREFIX}SINCE: '{text}' is not a day such as 2024-01-31.") from error


def _days(text: str) -> int:
    if not text.isdigit():
        raise Fault(f"{PREFIX}LOOK_BACK_DAYS: '{text}' is not a whole number from 0 on.")
    return int(text)

"""Which properties of Google Analytics to read, as whom, and how far back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.http import HttpSettings
from ingestion.sources.google_analytics.login import PREFIX, Person, ServiceAccount

BASE_URL, TOKEN_URL = "https://analyticsdata.googleapis.com", "https://oauth2.googleapis.com/token"
# Reports begin nowhere before.
EARLIEST = date(2015, 8, 14)
# Hits are processed for up to three days, key events credited to sessions for up to twelve.
LOOK_BACK_DAYS = 14


@dataclass(frozen=True)
class GoogleAnalyticsSettings:
    """`since` limits how far back the first load reads; so many `look_back_days` Google may change what it states."""

    property_ids: tuple[str, ...]
    login: ServiceAccount | Person
    base_url: str
    since: date
    look_back_days: int
    http: HttpSettings

    @classmethod
    def from_settings(cls, settings: Settings) -> "GoogleAnalyticsSettings":
        """Read `FUNNELHOUSE_GOOGLE_ANALYTICS_…`. Raises Fault where one is missing or cannot be understood."""
        given = {name.removeprefix(PREFIX): value.strip() for name, value in settings.environment.items()}
        names = [name.strip().removeprefix("properties/") for name in given.get("PROPERTY_IDS", "").split(",")]
        property_ids = tuple(dict.fromkeys(name for name in names if name))
        if not property_ids:
            raise Fault(
                f"{PREFIX}PROPERTY_IDS is empty; name the properties to read by their numbers, such as 310000001."
            )
        for name in property_ids:
            if not name.isdigit():
                raise Fault(
                    f"{PREFIX}PROPERTY_IDS: '{name}' is not the number of a property, such as 310000001 "
                    "(Admin > Property details); G-… is a stream's."
                )
        return cls(
            property_ids=property_ids,
            login=_login(given),
            base_url=_address(given, "BASE_URL", BASE_URL),
            since=_day(given.get("SINCE", "")),
            look_back_days=_days(given.get("LOOK_BACK_DAYS") or str(LOOK_BACK_DAYS)),
            http=HttpSettings.from_settings(settings),
        )


def export_folder(settings: Settings) -> Path | None:
    """Where files of the export to BigQuery lie, None where there are none. Raises Fault where it is no folder."""
    given = settings.environment.get(f"{PREFIX}EXPORT_DIR", "").strip()
    if not given:
        return None
    folder = Path(given).absolute()
    if not folder.is_dir():
        raise Fault(f"{PREFIX}EXPORT_DIR: {folder} is not a folder; name the one with the files of the export.")
    return folder


def has_properties(settings: Settings) -> bool:
    """Whether the Data API is to be asked."""
    return bool(settings.environment.get(f"{PREFIX}PROPERTY_IDS", "").strip())


def _login(given: Mapping[str, str]) -> ServiceAccount | Person:
    path = given.get("CREDENTIALS_FILE")
    if path:
        return ServiceAccount.from_file(Path(path).absolute())
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"):
        if not given.get(name):
            raise Fault(
                f"{PREFIX}{name} is empty; name the key file of a service account in {PREFIX}CREDENTIALS_FILE, or set "
                f"{PREFIX}CLIENT_ID, {PREFIX}CLIENT_SECRET and {PREFIX}REFRESH_TOKEN."
            )
    token_url = _address(given, "TOKEN_URL", TOKEN_URL)
    return Person(given["CLIENT_ID"], given["CLIENT_SECRET"], given["REFRESH_TOKEN"], token_url)


def _address(given: Mapping[str, str], name: str, default: str) -> str:
    address = given.get(name) or default
    if not address.startswith(("https://", "http://")):
        raise Fault(f"{PREFIX}{name}: '{address}' is not an address such as {default}.")
    return address.rstrip("/")


def _day(text: str) -> date:
    try:
        return max(date.fromisoformat(text), EARLIEST) if text else EARLIEST
    except ValueError as error:
        raise Fault(f"{PREFIX}SINCE: '{text}' is not a day such as 2024-01-31.") from error


def _days(text: str) -> int:
    if not text.isdigit():
        raise Fault(f"{PREFIX}LOOK_BACK_DAYS: '{text}' is not a whole number from 0 on.")
    return int(text)

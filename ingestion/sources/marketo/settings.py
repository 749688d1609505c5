"""Which Marketo to read, as whom, and what of it."""

from dataclasses import dataclass, field
from datetime import date, datetime

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.http import HttpSettings

PREFIX = "FUNNELHOUSE_MARKETO_"
# What the unified layer has a use for; whatever else is wanted is named in a setting.
ACTIVITY_TYPES = (
    *("Visit Webpage", "Fill Out Form", "Fill Out Facebook Lead Ads Form", "Fill Out LinkedIn Lead Gen Form"),
    *("Send Email", "Email Delivered", "Email Bounced", "Email Bounced Soft", "Open Email", "Click Email"),
    *("Unsubscribe Email", "Change Score", "Change Revenue Stage", "Change Status in Progression", "Merge Leads"),
    *("Engaged with a Dialogue", "Scheduled Meeting in Dialogue", "Engaged with an Agent in Dialogue"),
    *("Open Sales Email", "Click Sales Email", "Reply to Sales Email", "Interesting Moment"),
)


@dataclass(frozen=True)
class MarketoSettings:
    """`since` limits how far back the first load reads, None: to the beginning; `currency` is that of period costs."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    since: datetime | None
    activity_types: tuple[str, ...]
    currency: str | None
    http: HttpSettings

    @classmethod
    def from_settings(cls, settings: Settings) -> "MarketoSettings":
        """Read `FUNNELHOUSE_MARKETO_…`. Raises Fault where one is missing or cannot be understood."""
        environment = settings.environment

        def wanted(name: str, example: str) -> str:
            value = environment.get(f"{PREFIX}{name}", "").strip()
            if not value:
                raise Fault(f"{PREFIX}{name} is empty; set it {example}.")
            return value

        base_url = wanted("BASE_URL", "to the address of your Marketo, such as https://123-ABC-456.mktorest.com")
        if not base_url.startswith(("https://", "http://")):
            raise Fault(f"{PREFIX}BASE_URL: '{base_url}' is not an address such as https://123-ABC-456.mktorest.com.")
        more = environment.get(f"{PREFIX}ACTIVITY_TYPES", "").split(",")
        return cls(
            base_url=base_url.rstrip("/").removesuffix("/rest").removesuffix("/identity"),
            client_id=wanted("CLIENT_ID", "as LaunchPoint shows it"),
            client_secret=wanted("CLIENT_SECRET", "as LaunchPoint shows it"),
            since=_day(environment.get(f"{PREFIX}SINCE", "")),
            activity_types=(*ACTIVITY_TYPES, *(name.strip() for name in more if name.strip())),
            currency=environment.get(f"{PREFIX}CURRENCY", "").strip().upper() or None,
            http=HttpSettings.from_settings(settings),
        )


def _day(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(text.strip()), datetime.min.time())
    except ValueError as error:
        raise Fault(f"{PREFIX}SINCE: '{text}' is not a day such as 2024-01-31.") from error

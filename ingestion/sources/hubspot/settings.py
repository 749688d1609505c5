"""Where HubSpot is asked, with which key, and how far back."""

from dataclasses import dataclass, field
from datetime import timedelta

from ingestion.config import Settings
from ingestion.faults import Fault

PREFIX = "FUNNELHOUSE_HUBSPOT_"


@dataclass(frozen=True)
class HubSpotSettings:
    """Address and credentials (a private-app token, or the three of an OAuth app), and how much is read again.

    `look_back`: events younger than this are read again in every load, since HubSpot learns of some late. `overlap`: so
    much is read again of what was modified last, since the search index lags behind. `listing_days`: after how many
    days all ids are listed again to see what has vanished; 0 for every load. `event_types`: which standard web events
    are read beside the company's own.
    """

    base_url: str
    token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    look_back: timedelta
    overlap: timedelta
    listing_days: float
    event_types: tuple[str, ...]

    @classmethod
    def from_settings(cls, settings: Settings) -> "HubSpotSettings":
        """Read `FUNNELHOUSE_HUBSPOT_…`. Raises Fault where credentials are missing or a number is none."""

        def text(name: str, default: str = "") -> str:
            return (settings.environment.get(PREFIX + name) or default).strip()

        def number(name: str, default: float) -> float:
            given = text(name, str(default))
            try:
                value = float(given)
            except ValueError:
                value = -1.0
            if value < 0:
                raise Fault(f"{PREFIX}{name}: '{given}' is not a number from 0 on.")
            return value

        oauth = {name: text(name) for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")}
        token = text("TOKEN")
        if not token and not all(oauth.values()):
            given = [name for name, value in oauth.items() if value]
            missing = [f"{PREFIX}{name}" for name, value in oauth.items() if not value]
            wanted = f"{', '.join(missing)}" if given else f"{PREFIX}TOKEN (a private app's access token)"
            raise Fault(f"HubSpot: {wanted} is not set.")
        return cls(
            base_url=text("BASE_URL", "https://api.hubapi.com").rstrip("/"),
            token=token,
            client_id=oauth["CLIENT_ID"],
            client_secret=oauth["CLIENT_SECRET"],
            refresh_token=oauth["REFRESH_TOKEN"],
            look_back=timedelta(days=number("LOOK_BACK_DAYS", 30)),
            overlap=timedelta(minutes=number("OVERLAP_MINUTES", 15)),
            listing_days=number("LISTING_DAYS", 0),
            event_types=tuple(text("EVENT_TYPES", "e_visited_page").replace(",", " ").split()),
        )

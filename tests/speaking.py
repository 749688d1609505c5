"""The made-up company behind its HTTP server, for tests that load from the vendors' APIs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache

from ingestion.simulator.chronicle import Chronicle, chronicle
from ingestion.simulator.server.google_ads.gate import TOKEN_PATH
from ingestion.simulator.server.google_ads.world import MANAGER
from ingestion.simulator.server.serve import running
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import Setup

NOW = datetime(2026, 9, 1, 6)
LEADS, SEED, DAYS_AHEAD = 200, 11, 40
STORY_SETUP = Setup.SPLIT


@cache
def story() -> Chronicle:
    """A small company whose systems have every kind of mess."""
    return chronicle(LEADS, SEED, NOW, days_ahead=DAYS_AHEAD)


@contextmanager
def speaking(setup: Setup = STORY_SETUP, now: datetime = NOW) -> Iterator[tuple[str, State]]:
    """A server that tells the story: its address and its state; faults come and go quickly."""
    state = State(story(), now, setup)
    state.faults.timeout_seconds = 1.5
    state.faults.retry_after_seconds = 0
    with running(state) as url:
        yield url, state


def credentials(url: str, state: State) -> dict[str, str]:
    """The settings under which all vendors are asked."""
    return {
        "FUNNELHOUSE_AS_OF": f"{state.now.isoformat()}Z",
        "FUNNELHOUSE_HTTP_TIMEOUT_SECONDS": "1.2",
        "FUNNELHOUSE_HTTP_PAUSE_SECONDS": "0.02",
        "FUNNELHOUSE_HTTP_ATTEMPTS": "9",
        "FUNNELHOUSE_HUBSPOT_BASE_URL": url,
        "FUNNELHOUSE_HUBSPOT_TOKEN": state.client_secret,
        "FUNNELHOUSE_SALESFORCE_LOGIN_URL": url,
        "FUNNELHOUSE_SALESFORCE_CLIENT_ID": state.client_id,
        "FUNNELHOUSE_SALESFORCE_CLIENT_SECRET": state.client_secret,
        "FUNNELHOUSE_MARKETO_BASE_URL": url,
        "FUNNELHOUSE_MARKETO_CLIENT_ID": state.client_id,
        "FUNNELHOUSE_MARKETO_CLIENT_SECRET": state.client_secret,
        "FUNNELHOUSE_GOOGLE_ADS_BASE_URL": url,
        "FUNNELHOUSE_GOOGLE_ADS_TOKEN_URL": f"{url}{TOKEN_PATH}",
        "FUNNELHOUSE_GOOGLE_ADS_LOGIN_CUSTOMER_ID": str(MANAGER),
        "FUNNELHOUSE_GOOGLE_ADS_CLIENT_ID": state.client_id,
        "FUNNELHOUSE_GOOGLE_ADS_CLIENT_SECRET": state.client_secret,
        "FUNNELHOUSE_GOOGLE_ADS_REFRESH_TOKEN": state.client_secret,
    }

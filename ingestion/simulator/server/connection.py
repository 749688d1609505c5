"""The settings with which Funnelhouse reads from the server."""

from ingestion.simulator.advertising import account_ids
from ingestion.simulator.server import google_analytics
from ingestion.simulator.server.google_ads.gate import TOKEN_PATH
from ingestion.simulator.server.google_ads.world import MANAGER
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import Setup

SOURCES = {
    Setup.SPLIT: ("salesforce", "hubspot", "marketo"),
    Setup.HUBSPOT: ("hubspot",),
    Setup.SALESFORCE: ("salesforce", "marketo"),
}
# Ads are bought, and visits counted, in the same places whichever CRM serves whom.
EVERYWHERE = ("google_ads", "linkedin_ads", "meta_ads", "google_analytics")


def environment(address: str, state: State) -> dict[str, str]:
    """Variables for all sources of the company, files among them."""
    sources = (*SOURCES[state.setup], *EVERYWHERE)
    return {"FUNNELHOUSE_SOURCES": ",".join(("files", *sources))} | credentials(address, state, sources)


def credentials(address: str, state: State, sources: tuple[str, ...]) -> dict[str, str]:
    """The variables of these sources; the secrets are those that every mouth accepts."""
    client = {"CLIENT_ID": state.client_id, "CLIENT_SECRET": state.client_secret}
    own = {
        "hubspot": {"BASE_URL": address, "TOKEN": state.client_secret},
        "salesforce": {"LOGIN_URL": address} | client,
        "marketo": {"BASE_URL": address} | client,
        "google_ads": {
            "BASE_URL": address,
            "TOKEN_URL": f"{address}{TOKEN_PATH}",
            "LOGIN_CUSTOMER_ID": MANAGER,
            "REFRESH_TOKEN": state.client_secret,
        }
        | client,
        "linkedin_ads": {
            "BASE_URL": address,
            "LOGIN_URL": address,
            "ACCOUNT_IDS": account_ids(state.story, "linkedin_ads", state.now),
            "REFRESH_TOKEN": state.client_secret,
        }
        | client,
        "meta_ads": {
            "BASE_URL": address,
            "ACCOUNT_IDS": account_ids(state.story, "meta_ads", state.now),
            "ACCESS_TOKEN": state.client_secret,
        },
        "google_analytics": {
            "PROPERTY_IDS": google_analytics.PROPERTY_ID,
            "BASE_URL": address,
            "TOKEN_URL": f"{address}{google_analytics.TOKEN_PATH}",
            "REFRESH_TOKEN": state.client_secret,
        }
        | client,
    }
    return {
        f"FUNNELHOUSE_{source.upper()}_{name}": str(value) for source in sources for name, value in own[source].items()
    }

"""What Meta knows at the present moment: its records, worked out once until time moves on."""

from typing import Any

import pandas as pd

from ingestion.simulator.advertising import Advertising, advertising
from ingestion.simulator.server.meta_ads.gate import VENDOR
from ingestion.simulator.server.state import State

LANDING_PAGE = "https://www.kolibri.example/demo"
PAGE = "1029384756"


class World:
    """The records of accounts, campaigns, ad sets and ads as the API gives them; ids are texts."""

    def __init__(self, state: State) -> None:
        self.state = state

    @property
    def known(self) -> Advertising:
        return self.state.at_present(VENDOR, lambda: advertising(self.state.story, VENDOR, self.state.now))

    def accounts(self) -> dict[int, dict]:
        """The ad accounts by number."""
        return {
            int(account.number): {
                "id": f"act_{account.number}",
                "account_id": str(account.number),
                "name": account.name,
                "currency": account.currency,
                "timezone_name": account.time_zone,
                "account_status": 1,
                "created_time": written(self.state.story.start),
            }
            for account in self.known.accounts.itertuples()
        }

    def campaigns(self, account: int) -> list[dict]:
        """The campaigns of an account."""
        rows = self.known.campaigns
        return [self._campaign(campaign) for campaign in rows[rows["account"] == account].itertuples()]

    def ad_sets(self, account: int) -> list[dict]:
        """The ad sets of an account."""
        return [self._ad_set(group, campaign) for group, campaign in self._groups(account)]

    def ads(self, account: int) -> list[dict]:
        """An ad per ad set: one says its tags apart, the other in the address that it leads to."""
        return [self._ad(group, campaign) for group, campaign in self._groups(account)]

    def _groups(self, account: int) -> list[tuple[Any, Any]]:
        rows = self.known.campaigns
        campaigns = {campaign.number: campaign for campaign in rows[rows["account"] == account].itertuples()}
        groups = self.known.groups
        groups = groups[groups["campaign"].isin(campaigns)]
        return [(group, campaigns[group.campaign]) for group in groups.itertuples()]

    def _campaign(self, campaign: Any) -> dict:
        stop = {} if pd.isna(campaign.end_date) else {"stop_time": written(campaign.end_date)}
        record = {"id": str(campaign.number), "name": campaign.name, "objective": "OUTCOME_LEADS", **_state(campaign)}
        return self._drifted(record | stop)

    def _ad_set(self, group: Any, campaign: Any) -> dict:
        end = {} if pd.isna(campaign.end_date) else {"end_time": written(campaign.end_date)}
        record = {"id": str(group.number), "campaign_id": str(group.campaign), "name": group.name, **_state(campaign)}
        return self._drifted(record | end)

    def _ad(self, group: Any, campaign: Any) -> dict:
        tags = f"utm_source=meta&utm_medium=paid-social&utm_campaign={campaign.tag}"
        has_tags = group.number % 2 == 0
        link = {"link": LANDING_PAGE if has_tags else f"{LANDING_PAGE}?{tags}"}
        creative = {"id": f"{group.number}02", "object_story_spec": {"page_id": PAGE, "link_data": link}}
        record = {
            "id": f"{group.number}01",
            "campaign_id": str(group.campaign),
            "adset_id": str(group.number),
            "name": f"{group.name} 1",
            **_state(campaign),
            "creative": creative | ({"url_tags": tags} if has_tags else {}),
        }
        return self._drifted(record)

    def _drifted(self, record: dict) -> dict:
        return record | ({"is_budget_schedule_enabled": False} if self.state.faults.has("new_field", VENDOR) else {})


def written(moment: Any) -> str:
    """A moment of naive UTC, or the beginning of a day, as Meta writes it."""
    return f"{pd.Timestamp(moment):%Y-%m-%dT%H:%M:%S}+0000"


def _state(campaign: Any) -> dict:
    has_ended = not pd.isna(campaign.end_date)
    return {
        "status": "ARCHIVED" if has_ended else "ACTIVE",
        "effective_status": "ARCHIVED" if has_ended else "ACTIVE",
        "created_time": written(campaign.known_at),
        "updated_time": written(campaign.end_date if has_ended else campaign.known_at),
        "start_time": written(campaign.start_date),
    }

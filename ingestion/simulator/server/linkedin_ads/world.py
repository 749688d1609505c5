"""What LinkedIn knows at the present moment: its records, worked out once until time moves on."""

from datetime import UTC
from typing import Any

import pandas as pd

from ingestion.simulator.advertising import Advertising, advertising
from ingestion.simulator.server.state import State

VENDOR = "linkedin_ads"
ORGANISATION = "urn:li:organization:64265083"


class World:
    """The records of accounts, campaign groups and campaigns as the API gives them."""

    def __init__(self, state: State) -> None:
        self.state = state

    @property
    def known(self) -> Advertising:
        return self.state.at_present(VENDOR, lambda: advertising(self.state.story, VENDOR, self.state.now))

    def accounts(self) -> dict[int, dict]:
        """The ad accounts by number."""
        created = milliseconds(self.state.story.start)
        return {
            int(account.number): {
                "test": False,
                "notifiedOnCreativeRejection": True,
                "servingStatuses": ["RUNNABLE"],
                "type": "BUSINESS",
                "version": {"versionTag": "4"},
                "reference": ORGANISATION,
                "name": account.name,
                "currency": account.currency,
                "id": int(account.number),
                "status": "ACTIVE",
                "changeAuditStamps": {"created": {"time": created}, "lastModified": {"time": created}},
            }
            for account in self.known.accounts.itertuples()
        }

    def groups(self, account: int) -> list[dict]:
        """The campaign groups of an account."""
        return [self._group(campaign) for campaign in self._campaigns(account).itertuples()]

    def campaigns(self, account: int) -> list[dict]:
        """The campaigns of an account."""
        known = self._campaigns(account).set_index("number")
        groups = self.known.groups
        groups = groups[groups["campaign"].isin(known.index)]
        return [self._campaign(group, known.loc[group.campaign]) for group in groups.itertuples()]

    def tag(self, campaign: int) -> str | None:
        """What the campaign of that number writes into utm_campaign; None where there is no such campaign."""
        group = self.known.groups.set_index("number")["campaign"].get(campaign)
        return None if group is None else self.known.campaigns.set_index("number").loc[group, "tag"]

    def _campaigns(self, account: int) -> pd.DataFrame:
        return self.known.campaigns[self.known.campaigns["account"] == account]

    def _group(self, campaign: Any) -> dict:
        record = {
            "id": int(campaign.number),
            "name": campaign.name,
            "account": f"urn:li:sponsoredAccount:{campaign.account}",
            "backfilled": False,
            "test": False,
            "runSchedule": _schedule(campaign),
            **self._state(campaign),
        }
        return self._drifted(record)

    def _campaign(self, group: Any, campaign: pd.Series) -> dict:
        currency = self.known.accounts.set_index("number").loc[campaign["account"], "currency"]
        record = {
            "id": int(group.number),
            "name": group.name,
            "account": f"urn:li:sponsoredAccount:{campaign['account']}",
            "campaignGroup": f"urn:li:sponsoredCampaignGroup:{group.campaign}",
            "type": "SPONSORED_UPDATES",
            "costType": "CPM",
            "objectiveType": "WEBSITE_VISIT",
            "format": "STANDARD_UPDATE",
            "unitCost": {"amount": "0", "currencyCode": currency},
            "locale": {"country": "US", "language": "en"},
            "test": False,
            "runSchedule": _schedule(campaign),
            **self._state(campaign),
        }
        return self._drifted(record)

    def _state(self, campaign: Any) -> dict:
        """What a campaign's life says of it: it was changed when it was set up, and when it ended."""
        has_ended = not pd.isna(campaign.end_date)
        changed = milliseconds(campaign.end_date if has_ended else campaign.known_at)
        return {
            "status": "COMPLETED" if has_ended else "ACTIVE",
            "servingStatuses": ["STOPPED" if has_ended else "RUNNABLE"],
            "version": {"versionTag": "2" if has_ended else "1"},
            "changeAuditStamps": {
                "created": {"time": milliseconds(campaign.known_at)},
                "lastModified": {"time": changed},
            },
        }

    def _drifted(self, record: dict) -> dict:
        return record | ({"isPolitical": False} if self.state.faults.has("new_field", VENDOR) else {})


def milliseconds(moment: Any) -> int:
    """A moment of naive UTC, or the beginning of a day, as LinkedIn writes it."""
    return int(pd.Timestamp(moment).to_pydatetime().replace(tzinfo=UTC).timestamp() * 1000)


def _schedule(campaign: Any) -> dict:
    end = {} if pd.isna(campaign.end_date) else {"end": milliseconds(campaign.end_date)}
    return {"start": milliseconds(campaign.start_date), **end}

"""The company's Salesforce as it stands at a moment: who is a Lead, who has become a Contact, and since when.

Every record is made of the story alone, so that it is the same whenever it is asked for. A person of one of the CRM's
markets is a Lead; at the opportunity stage the Lead is converted. Whoever is named on a deal without that is converted
when the deal is opened, since only Contacts can be. What is erased (GDPR) vanishes, with all that hangs on it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from ingestion.simulator import systems
from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.server.salesforce.schema import KEY_PREFIXES
from ingestion.simulator.server.salesforce.tables import own_numbers, record_ids
from ingestion.simulator.systems import SALESFORCE, Setup

ORGANIZATION_ID = "00D5g000000KolibEA"
AUTOMATED_USER = record_ids(KEY_PREFIXES["User"], [999_999])[0]
MARKETING_QUEUE = record_ids(KEY_PREFIXES["Group"], [1])[0]
MARKETING_QUEUE_NAME = "Marketing Queue"
NEVER = np.datetime64("NaT", "us")
# How long `/deleted` remembers.
REMEMBERED = timedelta(days=15)
HISTORY_KIND = 100_000_000  # ids of history rows: their kind, then their place in the story


def ids_of(prefix: str, own_ids: pd.Series) -> pd.Series:
    """Salesforce's ids for ours; None where there is none."""
    known = own_ids.notna()
    result = pd.Series(None, index=own_ids.index, dtype=object)
    result[known] = record_ids(prefix, own_numbers(own_ids[known].astype(str)))
    return result


def latest_of(*moments: pd.Series) -> pd.Series:
    """The latest of some moments, row by row; NaT counts for nothing."""
    result = moments[0].astype("datetime64[us]")
    for more in moments[1:]:
        result = np.fmax(result, more.astype("datetime64[us]"))
    return result


@dataclass(frozen=True)
class Org:
    """The story up to `now`, as far as Salesforce records it."""

    story: Chronicle
    setup: Setup
    now: datetime
    # Those, by lead_id, who ask to be forgotten.
    forgotten: frozenset[str] = frozenset()

    def known(self, entity: str) -> pd.DataFrame:
        """The rows of an entity that are known by now, with `place`, their place in the story."""
        rows = self.story.entities[entity]
        rows = rows.assign(place=np.arange(len(rows)))
        return rows[rows["known_at"] <= np.datetime64(self.now, "us")]

    def past(self, moments: pd.Series) -> pd.Series:
        """The moments that have come; NaT for the others."""
        moments = pd.to_datetime(moments).astype("datetime64[us]")
        return moments.where(moments <= np.datetime64(self.now, "us"))

    @cached_property
    def everyone(self) -> pd.DataFrame:
        """All people known to this CRM by now, erased ones too, by lead_id.

        `converted_at` and `converts_by_stage` (the deal's own person), `merged_at`, `deleted_at`, `erased_at` (NaT for
        what has not come), ids of the Lead and of the Contact (None before the conversion), `who_id` (what activities
        are tied to), and `moved_at`, when that last changed.
        """
        people = self.known("leads").set_index("lead_id")
        people = people[self.setup.crm(people["market"]) == SALESFORCE]
        for column in ("merged_at", "deleted_at", "erased_at"):
            people[column] = self.past(people[column])
        people["known_at"] = people["known_at"].astype("datetime64[us]")
        people["sf_id"] = ids_of(KEY_PREFIXES["Lead"], people.index.to_series())
        stages = self.known("lead_stage_changes")
        by_stage = stages[stages["stage"] == "opportunity"].groupby("lead_id")["changed_at"].min()
        by_stage = by_stage.reindex(people.index).astype("datetime64[us]")
        by_deal = self._named_on_deals.groupby("lead_id")["known_at"].min()
        by_deal = by_deal.reindex(people.index).astype("datetime64[us]")
        people["converts_by_stage"] = by_stage.notna() & ~(by_deal < by_stage)
        people["converted_at"] = np.fmin(by_stage, by_deal)
        contact_ids = ids_of(KEY_PREFIXES["Contact"], people.index.to_series())
        people["contact_id"] = contact_ids.where(people["converted_at"].notna(), None)
        own = people["contact_id"].where(people["contact_id"].notna(), people["sf_id"])
        winner = people["merged_into_lead_id"].where(people["merged_at"].notna())
        people["who_id"] = own.where(winner.isna(), winner.map(own))
        winner_moved_at = winner.map(people["converted_at"]).astype("datetime64[us]")
        people["moved_at"] = latest_of(people["converted_at"], people["merged_at"], winner_moved_at)
        return people

    @cached_property
    def people(self) -> pd.DataFrame:
        """Those of `everyone` whose data have not been erased."""
        return self.everyone[self.everyone["erased_at"].isna()]

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """The companies by account_id, with sf_id and the moments that have come."""
        accounts = self.known("accounts").set_index("account_id")
        accounts = accounts[self.setup.crm(accounts["market"]) == SALESFORCE]
        for column in ("merged_at", "deleted_at"):
            accounts[column] = self.past(accounts[column])
        accounts["sf_id"] = ids_of(KEY_PREFIXES["Account"], accounts.index.to_series())
        return accounts

    @cached_property
    def opportunities(self) -> pd.DataFrame:
        """The deals by opportunity_id, with sf_id."""
        deals = self.known("opportunities").set_index("opportunity_id")
        deals = deals[self.setup.crm(deals["market"]) == SALESFORCE]
        deals["deleted_at"] = self.past(deals["deleted_at"])
        deals["sf_id"] = ids_of(KEY_PREFIXES["Opportunity"], deals.index.to_series())
        return deals

    @cached_property
    def users(self) -> pd.DataFrame:
        """The users by user_id, with sf_id."""
        users = self.known("users").set_index("user_id")
        users = users[self.setup.crm(users["market"]) == SALESFORCE]
        return users.assign(sf_id=ids_of(KEY_PREFIXES["User"], users.index.to_series()))

    @cached_property
    def opportunity_contacts(self) -> pd.DataFrame:
        """The people on deals, with `place`, the deal's `sf_id`, `contact_id` and when it became known."""
        return self._named_on_deals[self._named_on_deals["lead_id"].isin(self.people.index)].assign(
            contact_id=lambda rows: rows["lead_id"].map(self.people["contact_id"])
        )

    @cached_property
    def activities(self) -> pd.DataFrame:
        """What is known here of what people did, by people who have not been erased."""
        rows = systems.activities(self.story, self.setup)
        is_ours = (rows["system"] == SALESFORCE) & (rows["known_at"] <= np.datetime64(self.now, "us"))
        return rows[is_ours & rows["lead_id"].isin(self.people.index)]

    def user_ids(self, user_ids: pd.Series) -> pd.Series:
        """Salesforce's ids of users, the automated one's where nobody did it."""
        known = user_ids.map(self.users["sf_id"])
        return known.where(known.notna(), AUTOMATED_USER)

    def history(self, kind: int, rows: pd.DataFrame, field: str | pd.Series, old: pd.Series, new: pd.Series):
        """Rows of a history object, without their parent; `rows` have `place`, `at` and `by` (a user's id)."""
        return pd.DataFrame(
            {
                "Id": record_ids("017", kind * HISTORY_KIND + rows["place"].to_numpy()),
                "lead_id": rows.get("lead_id"),
                "CreatedDate": rows["at"],
                "CreatedById": rows["by"],
                "Field": field,
                "DataType": "Text",
                "OldValue": old,
                "NewValue": new,
            },
            index=rows.index,
        )

    @cached_property
    def _named_on_deals(self) -> pd.DataFrame:
        rows = self.known("opportunity_contacts")
        rows = rows[rows["opportunity_id"].isin(self.opportunities.index)]
        deal = self.opportunities.loc[rows["opportunity_id"]]
        return rows.assign(
            sf_id=deal["sf_id"].to_numpy(),
            owner_id=deal["owner_id"].to_numpy(),
            deleted_at=deal["deleted_at"].to_numpy(),
        )

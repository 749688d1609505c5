"""Everything that the company's systems record, each row with the moment at which its system learnt it.

The company lives once, up to `until`; what its systems know `now` is that life cut off at `now`. So time moves forward
without anything being made up anew, and every system tells the same story.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from ingestion.simulator import careless, draw
from ingestion.simulator.clock import DAY, HOUR, NEVER
from ingestion.simulator.draw import NONE
from ingestion.simulator.mess import USUAL_MESS, Mess
from ingestion.simulator.simulate import Life, live
from ingestion.simulator.world import World

# The column that says when a system learns of a row; those not named here are said in `_with_known_at`, or have been
# known from the beginning.
KNOWN_WHEN = {
    "leads": "created_at",
    "accounts": "created_at",
    "lead_stage_changes": "changed_at",
    "lead_owner_changes": "changed_at",
    "lead_attribute_changes": "changed_at",
    "account_attribute_changes": "changed_at",
    "activities": "occurred_at",
    "identity_links": "linked_at",
    "consents": "changed_at",
    "opportunities": "created_at",
    "opportunity_stage_changes": "changed_at",
    "experiments": "started_at",
    "experiment_assignments": "assigned_at",
}
# How long before it starts a campaign is set up, and when on a local day its figures are there (UTC).
CAMPAIGN_SETUP = 7 * DAY
SPEND_KNOWN = DAY + 5 * HOUR
INVOICES_KNOWN = 9 * HOUR
RATES_KNOWN = 15 * HOUR
# The accountant closes a month on the fifth of the next.
DAYS_TO_CLOSE_A_MONTH = 4 * DAY


@dataclass(frozen=True)
class Chronicle:
    """The rows of each entity of the input contract, in its columns, and `known_at`; times are naive UTC.

    Rows are as they were when they became known; what changed afterwards stands in the entities of changes, whose
    first rows (at creation) repeat the first values. So leads.owner_id is empty, and an attribute, a stage or an amount
    is the first one. What happens once stands in the row, and holds from its own moment on: leads.deleted_at, erased_at
    (GDPR), merged_at with merged_into_lead_id; accounts.deleted_at, churned_at, merged_at with merged_into_account_id;
    opportunities.deleted_at, and closed_at with is_won, is_closed and lost_reason; campaigns.end_date; experiments'
    ended_at with status and learning. It is NaT, None or False where it does not happen by `until`. Nothing happens
    to a record after it was deleted, erased or merged, and nothing speaks of a record before that is known.

    Beyond the contract's columns: leads: market (PL, DE, INT), channel (the true one), campaign_id (that brought them).
    accounts: market, created_at. opportunities: market, campaign_id (that of the primary lead, where the rep named it).
    campaigns: market (None: all), channel, tag (as in utm_campaign). users: market. activities: clicked_campaign_id,
    the campaign that truly brought the visit which begins there, whatever its tags say; only an ad platform knows it.

    `world` is the truth behind it, which no system knows, and `first_records` says whom each second record of a person
    means: the id of their first record, by lead_id.
    """

    start: datetime
    until: datetime
    entities: dict[str, pd.DataFrame]
    world: World
    first_records: pd.Series

    def known(self, entity: str, now: datetime) -> pd.DataFrame:
        """The rows of an entity that its system has learnt by now; what was deleted or merged since is among them."""
        rows = self.entities[entity]
        return rows[rows["known_at"] <= np.datetime64(now, "us")]


def chronicle(leads: int, seed: int, now: datetime, days_ahead: float = 60, mess: Mess = USUAL_MESS) -> Chronicle:
    """The company's life up to so many days after now (naive UTC)."""
    until = now + timedelta(days=days_ahead)
    return told(live(leads, seed, until, mess), seed, until, mess)


def told(life: Life, seed: int, until: datetime, mess: Mess) -> Chronicle:
    """The story of a life that ends at `until`, its records as messy as asked for."""
    history = life.world.history
    entities = _with_known_at(life.world, _as_recorded_first(life))
    entities, first_records = careless.spoil(seed, history, entities, mess)
    return Chronicle(pd.Timestamp(history.start).to_pydatetime(), until, entities, life.world, first_records)


def _as_recorded_first(life: Life) -> dict[str, pd.DataFrame]:
    """The entities with the values of the first day, and what vendors need besides."""
    world, entities = life.world, dict(life.entities)
    people, accounts, plans = world.people, world.accounts, world.marketing.campaigns
    entities["users"] = entities["users"].assign(market=world.users["market"].to_numpy())
    entities["campaigns"] = entities["campaigns"].assign(
        market=plans["market"].to_numpy(), channel=plans["channel"].to_numpy(), tag=plans["tag"].to_numpy()
    )
    entities["activities"] = entities["activities"].assign(
        clicked_campaign_id=draw.named(plans["campaign_id"], life.entry_campaigns)
    )
    entities["leads"] = _first_values(entities["leads"], entities["lead_attribute_changes"], "lead_id").assign(
        owner_id=None,
        market=people["market"].to_numpy(),
        channel=people["channel"].to_numpy(),
        campaign_id=draw.named(plans["campaign_id"], life.lead_campaigns),
        merged_into_lead_id=None,
        merged_at=NEVER,
        deleted_at=NEVER,
        erased_at=NEVER,
    )
    met_at = people.groupby("account")["created_at"].min().reindex(accounts.index)
    entities["accounts"] = _first_values(
        entities["accounts"], entities["account_attribute_changes"], "account_id"
    ).assign(
        market=accounts["market"].to_numpy(),
        created_at=met_at.fillna(pd.Timestamp(world.history.start)).to_numpy(),
        merged_into_account_id=None,
        merged_at=NEVER,
        deleted_at=NEVER,
    )
    first = entities["opportunity_stage_changes"].drop_duplicates("opportunity_id")
    sold = world.deals.opportunities
    primary = world.deals.contacts.query("is_primary").set_index("opportunity")["lead"].reindex(sold.index)
    entities["opportunities"] = entities["opportunities"].assign(
        stage=first["stage"].to_numpy(),
        amount_local=first["amount_local"].to_numpy(),
        expected_close_date=sold["first_expected_close_date"],
        market=accounts["market"].to_numpy()[sold["account"]],
        campaign_id=draw.named(plans["campaign_id"], life.lead_campaigns[primary]),
        deleted_at=NEVER,
    )
    return entities


def _first_values(rows: pd.DataFrame, changes: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows with the first value that each attribute had; `changes` are sorted by time."""
    first = changes.drop_duplicates([key, "attribute"])
    rows = rows.set_index(key, drop=False)
    for attribute, of_attribute in first.groupby("attribute"):
        values = pd.to_numeric(of_attribute["value"]) if attribute == "employee_count" else of_attribute["value"]
        rows.loc[of_attribute[key], attribute] = values.to_numpy()
    return rows.reset_index(drop=True)


def _with_known_at(world: World, entities: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    start = world.history.start
    known_at = {
        name: rows[KNOWN_WHEN[name]].to_numpy().astype("datetime64[us]")
        if name in KNOWN_WHEN
        else np.full(len(rows), start)
        for name, rows in entities.items()
    }
    plans = world.marketing.campaigns
    set_up_at = plans.set_index("campaign_id")["starts_at"] - CAMPAIGN_SETUP
    known_at["campaigns"] = set_up_at.reindex(entities["campaigns"]["campaign_id"]).to_numpy()
    known_at["campaign_aliases"] = set_up_at.reindex(entities["campaign_aliases"]["campaign_id"]).to_numpy()
    made_for = plans[plans["asset"] != NONE].groupby("asset")["starts_at"].min() - CAMPAIGN_SETUP
    known_at["content"] = made_for.reindex(world.marketing.assets.index).fillna(pd.Timestamp(start)).to_numpy()
    for name, column, later in (
        ("campaign_spend_daily", "date", SPEND_KNOWN),
        ("customer_revenue", "revenue_date", INVOICES_KNOWN),
        ("fx_rates_daily", "date", RATES_KNOWN),
    ):
        known_at[name] = _midnight(entities[name][column]) + later
    next_month = _midnight(entities["costs_monthly"]["month_start_date"]).astype("datetime64[M]") + 1
    known_at["targets"] = _midnight(entities["targets"]["month_start_date"])
    known_at["costs_monthly"] = next_month.astype("datetime64[us]") + DAYS_TO_CLOSE_A_MONTH
    deal_known = dict(zip(entities["opportunities"]["opportunity_id"], known_at["opportunities"], strict=True))
    known_at["opportunity_contacts"] = entities["opportunity_contacts"]["opportunity_id"].map(deal_known).to_numpy()
    done = entities["activities"]
    for name, key in (("leads", "lead_id"), ("campaigns", "campaign_id")):
        named = pd.Series(np.maximum(known_at[name], start), index=entities[name][key]).reindex(done[key]).to_numpy()
        known_at["activities"] = np.fmax(known_at["activities"], named)
    return {name: rows.assign(known_at=np.fmax(known_at[name], start)) for name, rows in entities.items()}


def _midnight(dates: pd.Series) -> np.ndarray:
    return pd.to_datetime(dates).to_numpy().astype("datetime64[us]")

"""Let the made-up company live: what each part needs from the others, and the entities that come out."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from ingestion.simulator import (
    activities,
    books,
    company,
    deals,
    decisions,
    draw,
    journeys,
    marketing,
    people,
    records,
    touches,
)
from ingestion.simulator.clock import History
from ingestion.simulator.mess import USUAL_MESS, Mess
from ingestion.simulator.world import Scene, World

# With fewer, some stage or channel may stay empty.
FEWEST_LEADS = 100


@dataclass(frozen=True)
class Life:
    """The company as it truly is and the entities of `simulate`.

    `lead_campaigns` has the campaign (number, or NONE) of each person, `entry_campaigns` of each activity (see
    `activities.Activities`).
    """

    world: World
    entities: dict[str, pd.DataFrame]
    lead_campaigns: np.ndarray
    entry_campaigns: np.ndarray


def simulate(leads: int, seed: int, as_of: datetime, mess: Mess = USUAL_MESS) -> dict[str, pd.DataFrame]:
    """The entities of the input contract, by name; `as_of` is naive UTC, and so is every time.

    A frame has the entity's input columns that this company fills; the same arguments always give the same rows.
    """
    return live(leads, seed, as_of, mess).entities


def live(leads: int, seed: int, as_of: datetime, mess: Mess) -> Life:
    """The company as it truly is, and the entities that its systems record."""

    def lot(part: str):
        return draw.generator(seed, part)

    history = History.until(as_of)
    rate_on = books.exchange_rates(history, lot("exchange rates"))
    plans = marketing.plan(history)
    users = people.users(lot("users"), leads)
    accounts = people.accounts(lot("accounts"), round(company.ACCOUNTS_PER_LEAD * leads))
    persons = people.leads(lot("leads"), history, leads, accounts, users, plans, mess)
    scene = Scene(history, mess, persons, accounts, users, plans)
    found = touches.encountered(seed, scene)
    decided_at = decisions.decided_at(lot("decisions"), persons)
    progress = decisions.progress(
        lot("outcomes"), persons, users, decided_at, touches.counted(scene, found, decided_at)
    )
    log = journeys.stage_log(lot("stages"), persons, users, progress.fates)
    visits = journeys.stage_visits(history, log)
    owners = journeys.owner_changes(lot("owners"), history, persons, users, visits)
    sold = deals.simulate(lot("deals"), history, persons, users, visits, rate_on, mess)
    world = World(**vars(scene), encounters=found, progress=progress, stage_log=log, stage_visits=visits, deals=sold)
    done = activities.simulate(seed, world)
    media = marketing.media_bill(plans, history, lot("media"), leads, done.paid_visits, rate_on)
    entities = {
        "users": users.drop(columns="market"),
        "accounts": records.account_rows(lot("account rows"), world),
        "leads": records.lead_rows(lot("lead rows"), world, owners),
        "lead_stage_changes": records.lead_stage_rows(world),
        "lead_owner_changes": records.lead_owner_rows(world, owners),
        "lead_attribute_changes": journeys.persona_changes(lot("personas"), history, persons),
        "account_attribute_changes": journeys.growth_changes(lot("growth"), history, persons, accounts),
        "campaigns": marketing.campaign_rows(plans, history, media),
        "campaign_aliases": marketing.alias_rows(plans),
        "campaign_spend_daily": marketing.spend_rows(plans, media),
        "content": marketing.content_rows(plans),
        "activities": done.activities,
        "identity_links": done.identity_links,
        "consents": done.consents,
        "opportunities": records.opportunity_rows(world),
        "opportunity_stage_changes": records.opportunity_stage_rows(world),
        "opportunity_contacts": records.opportunity_contact_rows(world),
        "customer_revenue": records.revenue_rows(lot("invoices"), world),
        "costs_monthly": books.cost_rows(history, leads, users, media),
        "targets": books.target_rows(history, leads),
        "products": books.product_rows(),
        "experiments": journeys.experiment_rows(history),
        "experiment_assignments": journeys.assignment_rows(persons),
        "fx_rates_daily": books.rate_rows(rate_on),
    }
    return Life(world, entities, done.lead_campaigns, done.entry_campaigns)

"""Where people meet the company away from website and mailbox: webinars, fairs, social networks, banners."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.clock import days, local_dates, seconds
from ingestion.simulator.draw import NONE
from ingestion.simulator.world import Scene, World


def met(rng: np.random.Generator, scene: Scene) -> pd.DataFrame:
    """Activities of people whatever stage they are in: all but attending the webinars that they registered for."""
    return pd.concat(
        [
            _registrations(rng, scene),
            _fair_visits(rng, scene),
            _at_some_time(rng, scene, "social_engaged", company.SOCIAL_ENGAGEMENTS_PER_LEAD),
            _of_banners(rng, scene, "ad_impression", company.AD_IMPRESSIONS_PER_LEAD),
            _of_banners(rng, scene, "ad_clicked", company.AD_CLICKS_PER_LEAD),
        ],
        ignore_index=True,
    )


def rows(rng: np.random.Generator, world: World, website_rows: pd.DataFrame) -> pd.DataFrame:
    """Activities; `website_rows` are those of `website.rows`, where some registered for a webinar."""
    found = world.encounters.met
    columns = ["lead", "activity_type", "campaign", "asset"]
    done = pd.concat([found[columns], website_rows[columns]])
    registered = done[done["activity_type"] == "webinar_registered"].astype({"campaign": int, "asset": int})
    return pd.concat([found, _attendances(rng, world, registered)], ignore_index=True)


def _at_some_time(rng: np.random.Generator, world: Scene, activity_type: str, count_per_lead: float) -> pd.DataFrame:
    lead = np.repeat(world.people.index, rng.poisson(count_per_lead, len(world.people)))
    later = days(draw.leg_days(rng, company.DAYS_AFTER_LEAD, len(lead)))
    occurred_at = world.people["created_at"].to_numpy()[lead] + later
    return pd.DataFrame({"lead": lead, "activity_type": activity_type, "occurred_at": occurred_at, "actor": "person"})


def _registrations(rng: np.random.Generator, world: Scene) -> pd.DataFrame:
    registered = _at_some_time(rng, world, "webinar_registered", company.WEBINARS_PER_LEAD)
    return _with_campaign(rng, world, registered, "webinar")


def _attendances(rng: np.random.Generator, world: World, registered: pd.DataFrame) -> pd.DataFrame:
    registered = registered[registered["campaign"] != NONE].drop_duplicates(["lead", "campaign"])
    attended = registered[draw.chance(rng, company.WEBINAR_ATTENDANCE_RATE, len(registered))]
    held_at = world.marketing.campaigns["held_at"].to_numpy()[attended["campaign"]]
    return pd.DataFrame(
        {
            "lead": attended["lead"],
            "activity_type": "webinar_attended",
            "occurred_at": held_at + seconds(rng.integers(-300, 900, len(attended))),
            "actor": "person",
            "outcome": "attended",
            "campaign": attended["campaign"],
            "asset": attended["asset"],
        }
    )


def _fair_visits(rng: np.random.Generator, world: Scene) -> pd.DataFrame:
    """Badges scanned at a stand: the list knows the day alone. Known people come to fairs too."""
    people = world.people
    fairs = world.marketing.campaigns.query("channel == 'event'").sort_values("held_at")
    held_at = fairs["held_at"].to_numpy()
    met = people.index[people["channel"] == "event"].to_numpy()
    # Their badge was scanned at the last fair before the list came in.
    met_at = np.searchsorted(held_at, people["created_at"].to_numpy()[met]) - 1
    guest = np.flatnonzero(draw.chance(rng, company.FAIR_VISITS_PER_LEAD, len(people)))
    guest_at = np.searchsorted(held_at, people["created_at"].to_numpy()[guest])
    guest, guest_at = guest[guest_at < len(fairs)], guest_at[guest_at < len(fairs)]
    lead, fair = np.concatenate([met, guest]), np.concatenate([met_at, guest_at])
    return pd.DataFrame(
        {
            "lead": lead,
            "activity_type": "event_attended",
            "occurred_at": local_dates(held_at[fair]).astype("datetime64[us]"),
            "occurred_at_precision": "day",
            "actor": "person",
            "campaign": fairs.index.to_numpy()[fair],
        }
    )


def _of_banners(rng: np.random.Generator, world: Scene, activity_type: str, count_per_lead: float) -> pd.DataFrame:
    """Banners shown to known people by list upload; the platform reports them without a tag."""
    shown = _with_campaign(rng, world, _at_some_time(rng, world, activity_type, count_per_lead), "display")
    return shown.assign(actor="automation") if activity_type == "ad_impression" else shown


def _with_campaign(rng: np.random.Generator, world: Scene, rows: pd.DataFrame, channel: str) -> pd.DataFrame:
    campaign = world.marketing.choose(
        rng,
        np.full(len(rows), channel),
        world.people["market"].to_numpy()[rows["lead"]],
        rows["occurred_at"].to_numpy(),
    )
    return rows.assign(campaign=campaign, asset=world.marketing.assets_of(campaign))

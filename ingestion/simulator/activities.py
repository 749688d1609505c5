"""Everything that people did and received, put together from the places where it happened."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ingestion.simulator import draw, encounters, mailings, sales, website
from ingestion.simulator.clock import DAY, MINUTE, local_dates
from ingestion.simulator.draw import NONE
from ingestion.simulator.world import World

TAGS = ["click_id", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "referrer"]
NUMBERS = ["lead", "visitor", "user", "campaign", "asset", "true_campaign", "brought_by"]
LONGEST_UPLOAD = 10 * DAY
LONGEST_LAG = 30 * MINUTE


@dataclass(frozen=True)
class Activities:
    """The rows of entities activities, identity_links and consents, and the visits that the media bill must cover.

    `paid_visits` has one row per visit that a campaign brought: campaign (number), date (local). `lead_campaigns` has
    for each person the campaign (number, or NONE) that made them a lead, `entry_campaigns` for each row of activities
    the one (or NONE) that truly brought the visit which begins with it.
    """

    activities: pd.DataFrame
    identity_links: pd.DataFrame
    consents: pd.DataFrame
    paid_visits: pd.DataFrame
    lead_campaigns: np.ndarray
    entry_campaigns: np.ndarray


def simulate(seed: int, world: World) -> Activities:
    """All activities that are known at as-of, in time order."""
    mails = mailings.rows(draw.generator(seed, "mails"), world)
    visits = website.visits(seed, world, mails)
    links = website.links(world, visits)
    pages = website.rows(draw.generator(seed, "pages"), world, visits, links)
    met = encounters.rows(draw.generator(seed, "encounters"), world, pages)
    worked = sales.rows(draw.generator(seed, "sales"), world)
    done = pd.concat([mails, pages, met, worked], ignore_index=True)
    done = done[world.history.knows(done["occurred_at"])]
    done = done.sort_values("occurred_at", kind="stable", ignore_index=True)
    done[NUMBERS] = done[NUMBERS].fillna(NONE).astype(int)
    brought = done[done["true_campaign"] != NONE]
    return Activities(
        activities=_activity_rows(world, done),
        identity_links=pd.DataFrame(
            {
                "visitor_id": draw.labels("V", links["visitor"].to_numpy(), 7),
                "lead_id": world.people["lead_id"].to_numpy()[links["lead"]],
                "linked_at": links["linked_at"],
            }
        ),
        consents=mailings.consent_rows(draw.generator(seed, "consents"), world, done),
        paid_visits=pd.DataFrame(
            {"campaign": brought["true_campaign"], "date": local_dates(brought["occurred_at"].to_numpy())}
        ),
        lead_campaigns=_lead_campaigns(world, done),
        entry_campaigns=done["true_campaign"].to_numpy(),
    )


def _lead_campaigns(world: World, done: pd.DataFrame) -> np.ndarray:
    """The campaign of the form, the reply or the badge by which each person became a lead."""
    is_met = done["activity_type"].isin(("event_attended", "email_replied")) & (done["actor"] == "person")
    campaign = done["brought_by"].where(~is_met, done["campaign"]).to_numpy()
    lag = done["occurred_at"].to_numpy() - world.people["created_at"].to_numpy()[done["lead"]]
    # Badges are uploaded days after the fair; other records are made at once.
    earliest = np.where(done["activity_type"] == "event_attended", -LONGEST_UPLOAD, -LONGEST_LAG)
    is_origin = (done["lead"] != NONE) & (campaign != NONE) & (lag >= earliest) & (lag <= LONGEST_LAG)
    origin = pd.DataFrame({"lead": done["lead"], "campaign": campaign})[is_origin]
    channel = world.marketing.campaigns["channel"].to_numpy()[origin["campaign"]]
    origin = origin[channel == world.people["channel"].to_numpy()[origin["lead"]]]
    campaigns = np.full(len(world.people), NONE)
    campaigns[origin["lead"]] = origin["campaign"]
    return campaigns


def _activity_rows(world: World, done: pd.DataFrame) -> pd.DataFrame:
    """Entity `activities`; only the CRM, where the reps work, knows the account."""
    account = np.where(done["user"] == NONE, NONE, world.people["account"].to_numpy()[done["lead"]])
    return pd.DataFrame(
        {
            "activity_id": draw.labels("T", done.index.to_numpy() + 1, 7),
            "lead_id": draw.named(world.people["lead_id"], done["lead"]),
            "visitor_id": draw.labels("V", done["visitor"].to_numpy(), 7),
            "account_id": draw.named(world.accounts["account_id"], account),
            "activity_type": done["activity_type"],
            "occurred_at": done["occurred_at"],
            "occurred_at_precision": done["occurred_at_precision"].fillna("second"),
            "is_inbound": done["actor"] == "person",
            "actor": done["actor"],
            "user_id": draw.named(world.users["user_id"], done["user"]),
            "outcome": done["outcome"],
            "campaign_id": draw.named(world.marketing.campaigns["campaign_id"], done["campaign"]),
            "content_id": draw.named(world.marketing.assets["content_id"], done["asset"]),
            **{tag: done[tag] for tag in TAGS},
            "landing_page": done["landing_page"],
            "url": done["url"],
        }
    )

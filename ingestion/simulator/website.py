"""Visits to the website: before a person is known, the one that makes the lead, and those after it.

A visit is one row: lead (NONE: a stranger), visitor, started_at, channel, market, page_count, has_pricing (whether it
ends on the pricing page), conversion (an activity type or None), converted_at (NaT: after the last page) and
is_identifying (whether it tells the website who the visitor is).
"""

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.clock import DAY, NEVER, days, draw_arrivals, seconds
from ingestion.simulator.draw import NONE
from ingestion.simulator.mailings import CLICK_TO_VISIT
from ingestion.simulator.marketing import signals
from ingestion.simulator.world import Scene, World

SECONDS_PER_PAGE = 60
# Who qualifies asks for something in the days before, at the earliest at creation: the longest such span, and which
# shares of it lie between a request and the change of stage.
REQUEST_SPAN = 3 * DAY
LATEST_REQUEST, EARLIEST_REQUEST = 0.02, 0.9
# What a conversion happens on; a download is of any e-book, a registration is for the visit's webinar.
CONVERSION_ASSETS = {
    "form_submitted": "Home",
    "demo_requested": "Request a demo",
    "meeting_booked": "Request a demo",
    "price_requested": "Pricing",
    "trial_started": "Pricing",
    "chat": "Pricing",
}
SIGNAL_COLUMNS = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click_id", "referrer"]


def early_visits(seed: int, scene: Scene) -> pd.DataFrame:
    """Visits that do not depend on what a person decides, those before and after they became known."""
    kinds = {"before lead": _before_lead, "after lead": _after_lead}
    made = [visit(draw.generator(seed, f"visits {kind}"), scene) for kind, visit in kinds.items()]
    return pd.concat(made, ignore_index=True)


def visits(seed: int, world: World, mails: pd.DataFrame) -> pd.DataFrame:
    """All visits that are known at as-of; `mails` are the rows of `mailings.rows`, whose clicks lead here."""
    kinds = {"qualifying": _qualifying, "during a deal": _during_deals, "strangers": _of_strangers}
    made = [visit(draw.generator(seed, f"visits {kind}"), world) for kind, visit in kinds.items()]
    made.append(_from_mails(draw.generator(seed, "visits from mails"), world, mails))
    happened = pd.concat([world.encounters.visits, world.encounters.making, *made], ignore_index=True)
    happened = happened[world.history.knows(happened["started_at"])].reset_index(drop=True)
    return _with_visitors(draw.generator(seed, "devices"), happened, len(world.people))


def links(world: World, visits: pd.DataFrame) -> pd.DataFrame:
    """One row per visitor recognised as a person: visitor, lead, linked_at; never before the lead exists."""
    known = visits[visits["is_identifying"]]
    created_at = world.people["created_at"].to_numpy()[known["lead"]]
    known = known.assign(linked_at=np.maximum(known["started_at"].to_numpy(), created_at))
    known = known[known["linked_at"] <= world.history.as_of]
    return known.groupby(["visitor", "lead"], as_index=False)["linked_at"].min()


def rows(rng: np.random.Generator, world: World, visits: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Activities of the visits: each page seen, then the conversion.

    The first page and the conversion carry the visit's signals, as websites and forms record them.
    """
    left = signals(
        world.marketing,
        world.mess,
        rng,
        visits["channel"].to_numpy(),
        visits["market"].to_numpy(),
        visits["started_at"].to_numpy(),
    )
    landing = _landing_assets(rng, world, visits["channel"].to_numpy())
    path = world.marketing.assets["path"].to_numpy()
    visits = visits.join(left).assign(landing=landing, landing_page=company.WEBSITE + path[landing])
    seen = pd.concat([_pages(rng, world, visits), _conversions(rng, world, visits)], ignore_index=True)
    linked_at = links.set_index("visitor")["linked_at"].reindex(seen["visitor"]).to_numpy()
    is_known = (seen["occurred_at"].to_numpy() >= linked_at) | seen["is_conversion"]
    return seen.assign(
        lead=seen["lead"].where(is_known, NONE),
        url=(company.WEBSITE + path[seen["asset"]]).astype(object),
        actor="person",
    ).drop(columns="is_conversion")


def _before_lead(rng: np.random.Generator, world: Scene) -> pd.DataFrame:
    lead = np.repeat(world.people.index, rng.poisson(company.VISITS_BEFORE_LEAD, len(world.people)))
    earlier = days(draw.leg_days(rng, company.DAYS_BEFORE_LEAD, len(lead)))
    started_at = world.people["created_at"].to_numpy()[lead] - earlier
    return _visits(rng, world, lead, started_at, _channels(rng, "first_visit_share", len(lead)))


def making_a_lead(rng: np.random.Generator, world: Scene) -> pd.DataFrame:
    """Of everybody but those met at a fair, and those who just answered the outreach e-mail."""
    people = world.people[(world.people["channel"] != "event") & ~world.people["has_replied_to_outreach"]]
    count = len(people)
    is_strong = draw.chance(rng, draw.tilted(people["intent"].to_numpy(), company.STRONG_AT_CREATION_RATE), count)
    conversion = np.where(
        is_strong, draw.pick(rng, company.STRONG_CONVERSIONS, count), draw.pick(rng, company.SOFT_CONVERSIONS, count)
    )
    conversion[people["channel"] == "content"] = "content_downloaded"
    conversion[people["channel"] == "webinar"] = "webinar_registered"
    # The CRM makes the record at once, unless its clock or its queue is behind the website's.
    is_skewed = draw.chance(rng, company.CLOCK_SKEW_SHARE, count)
    lag = np.where(is_skewed, rng.integers(60, 1_500, count), -rng.integers(0, 40, count))
    converted_at = people["created_at"].to_numpy() + seconds(lag)
    made = _visits(rng, world, people.index.to_numpy(), converted_at, people["channel"].to_numpy())
    started_at = converted_at - seconds(made["page_count"] * SECONDS_PER_PAGE + 20)
    return made.assign(started_at=started_at, converted_at=converted_at, conversion=conversion, is_identifying=True)


def _after_lead(rng: np.random.Generator, world: Scene) -> pd.DataFrame:
    effect = company.INTENT_VISIT_EFFECT
    # The second term keeps the mean: a lognormal's is larger than its median.
    eagerness = np.exp(effect * world.people["intent"].to_numpy() - effect**2 / 2)
    lead = np.repeat(world.people.index, rng.poisson(company.VISITS_AFTER_LEAD * eagerness))
    later = days(draw.leg_days(rng, company.DAYS_AFTER_LEAD, len(lead)))
    started_at = world.people["created_at"].to_numpy()[lead] + later
    return _visits(rng, world, lead, started_at, _channels(rng, "return_share", len(lead)))


def _qualifying(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """In the last days before a lead leaves `lead` forwards: the price is looked up, and something is asked for."""
    entries = world.stage_visits[world.stage_visits["step"] == 1]
    entries = entries[entries["stage"] != "disqualified"]
    entry = np.repeat(np.arange(len(entries)), 1 + rng.poisson(company.VISITS_BEFORE_QUALIFIED - 1, len(entries)))
    lead = entries["lead"].to_numpy()[entry]
    until = entries["changed_at"].to_numpy()[entry]
    span = np.minimum(until - world.people["created_at"].to_numpy()[lead], REQUEST_SPAN)
    started_at = until - days(span / DAY * rng.uniform(LATEST_REQUEST, EARLIEST_REQUEST, len(lead)))
    is_strong = draw.chance(rng, company.STRONG_WHEN_QUALIFYING_RATE, len(lead))
    conversion = np.where(is_strong, draw.pick(rng, company.STRONG_CONVERSIONS, len(lead)), "content_downloaded")
    made = _visits(rng, world, lead, started_at, _channels(rng, "return_share", len(lead)))
    return made.assign(page_count=made["page_count"] + 1, has_pricing=True, conversion=conversion, is_identifying=True)


def _during_deals(rng: np.random.Generator, world: World) -> pd.DataFrame:
    contacts = world.deals.contacts
    contacts = contacts.loc[np.repeat(contacts.index, rng.poisson(company.VISITS_DURING_DEAL, len(contacts)))]
    deal = world.deals.opportunities.loc[contacts["opportunity"]]
    opened_at, closed_at = deal["created_at"].to_numpy(), deal["closed_at"].to_numpy()
    span = np.where(np.isnat(closed_at), world.history.as_of, closed_at) - opened_at
    started_at = opened_at + days(span / DAY * rng.random(len(deal)))
    made = _visits(rng, world, contacts["lead"].to_numpy(), started_at, _channels(rng, "return_share", len(deal)))
    has_pricing = draw.chance(rng, company.PRICING_RATE_DURING_DEAL, len(deal))
    return made.assign(page_count=made["page_count"] + 1, has_pricing=has_pricing)


def _from_mails(rng: np.random.Generator, world: World, mails: pd.DataFrame) -> pd.DataFrame:
    clicked = mails[mails["activity_type"] == "email_clicked"]
    started_at = clicked["occurred_at"].to_numpy() + CLICK_TO_VISIT
    made = _visits(rng, world, clicked["lead"].to_numpy(), started_at, clicked["mail_channel"].to_numpy())
    return made.assign(is_identifying=True)


def _of_strangers(rng: np.random.Generator, world: World) -> pd.DataFrame:
    count = round(company.STRANGERS_PER_LEAD * len(world.people))
    stranger = np.repeat(np.arange(count), 1 + rng.poisson(company.RETURNS_OF_STRANGERS, count))
    made = _visits(
        rng,
        world,
        rng.integers(0, len(world.people), len(stranger)),
        draw_arrivals(world.history, len(stranger), rng),
        _channels(rng, "first_visit_share", len(stranger)),
    )
    return made.assign(lead=NONE, stranger=stranger)


def _visits(
    rng: np.random.Generator, world: Scene, lead: np.ndarray, started_at: np.ndarray, channel: np.ndarray
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead": lead,
            "started_at": started_at,
            "channel": channel,
            "market": world.people["market"].to_numpy()[lead],
            "page_count": draw.pick(rng, company.PAGES_PER_VISIT, len(lead)).astype(int),
            "has_pricing": False,
            "conversion": None,
            "converted_at": NEVER,
            "is_identifying": False,
            "stranger": NONE,
        }
    )


def _channels(rng: np.random.Generator, share: str, count: int) -> np.ndarray:
    return draw.pick(rng, {name: getattr(entry, share) for name, entry in company.CHANNELS.items()}, count)


def _with_visitors(rng: np.random.Generator, visits: pd.DataFrame, lead_count: int) -> pd.DataFrame:
    """Each person has a visitor number for each of at most two devices, each stranger one beyond them."""
    has_second = draw.chance(rng, company.SECOND_DEVICE_SHARE, lead_count)
    lead = visits["lead"].to_numpy()
    is_second = has_second[lead] & draw.chance(rng, company.SECOND_DEVICE_USE_RATE, len(visits))
    own = 2 * lead + is_second
    return visits.assign(visitor=np.where(lead == NONE, 2 * lead_count + visits["stranger"], own)).drop(
        columns="stranger"
    )


def _landing_assets(rng: np.random.Generator, world: World, channels: np.ndarray) -> np.ndarray:
    anywhere = world.marketing.asset_numbers(("page", "case study", "blog post", "e-book"))
    numbers = {
        channel: world.marketing.asset_numbers(company.LANDING_TYPES[channel])
        if channel in company.LANDING_TYPES
        else anywhere
        for channel in company.CHANNELS
    }
    return draw.pick_by(rng, channels, numbers).astype(int)


def _pages(rng: np.random.Generator, world: World, visits: pd.DataFrame) -> pd.DataFrame:
    pages = visits.loc[np.repeat(visits.index, visits["page_count"])]
    number = pages.groupby(level=0).cumcount().to_numpy()
    passed = number * SECONDS_PER_PAGE + rng.integers(0, SECONDS_PER_PAGE - 5, len(pages)) * (number > 0)
    asset = rng.choice(world.marketing.asset_numbers(("page", "case study", "blog post")), len(pages))
    is_pricing = pages["has_pricing"].to_numpy() & (number == pages["page_count"] - 1)
    asset[is_pricing] = world.marketing.asset_number("Pricing")
    is_entry = number == 0
    asset = np.where(is_entry, pages["landing"], asset)
    return pd.DataFrame(
        {
            "lead": pages["lead"],
            "visitor": pages["visitor"],
            "activity_type": "page_view",
            "occurred_at": pages["started_at"].to_numpy() + seconds(passed),
            "asset": asset,
            "campaign": NONE,
            "landing_page": pages["landing_page"],
            "is_conversion": False,
            # What the visit's campaign truly is, for the media bill alone; the website knows only the tag.
            "true_campaign": pages["campaign"].where(is_entry, NONE),
            **{column: pages[column].where(is_entry) for column in SIGNAL_COLUMNS},
        }
    )


def _conversions(rng: np.random.Generator, world: World, visits: pd.DataFrame) -> pd.DataFrame:
    made = visits[visits["conversion"].notna()]
    after_last_page = made["started_at"] + seconds(made["page_count"] * SECONDS_PER_PAGE + 20)
    asset = draw.pick_any(rng, world.marketing.asset_numbers(("e-book",)), len(made)).astype(int)
    for conversion, name in CONVERSION_ASSETS.items():
        asset[made["conversion"] == conversion] = world.marketing.asset_number(name)
    is_registration = (made["conversion"] == "webinar_registered").to_numpy()
    campaign = np.where(is_registration, made["campaign"], NONE)
    webinar = world.marketing.assets_of(campaign)
    return pd.DataFrame(
        {
            "lead": made["lead"],
            "visitor": made["visitor"],
            "activity_type": made["conversion"],
            "occurred_at": made["converted_at"].fillna(after_last_page),
            "asset": np.where(is_registration & (webinar != NONE), webinar, asset),
            "campaign": campaign,
            "landing_page": made["landing_page"],
            "is_conversion": True,
            "true_campaign": NONE,
            "brought_by": made["campaign"],
            **{column: made[column] for column in SIGNAL_COLUMNS},
        }
    )

"""What a web analytics tool measures on the company's website: hits, and the sessions that it makes of them.

The tool sees visitors, not people. A hit is processed up to 40 hours after it happened, and a key event is credited to
its session up to twelve days later; until then reports lack it, and a session whose first page is still missing seems
to come from nowhere.
"""

import zlib
from datetime import datetime

import numpy as np
import pandas as pd

from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.clock import DAY, HOUR

TIME_ZONE = "Europe/Warsaw"
IDLE = 30 * 60
ENGAGED_SECONDS = 10
LONGEST_PROCESSING, LONGEST_CREDITING = 40 * HOUR, 12 * DAY
SEARCH_SITES = {"google": "google", "bing": "bing", "duckduckgo": "duckduckgo", "ecosia": "ecosia.org"}
CLICKED = {"gclid": ("google", "cpc"), "msclkid": ("bing", "cpc")}
DIRECT = ("(direct)", "(none)", "(direct)")
NOT_SET = "(not set)"


def hits(story: Chronicle, now: datetime) -> pd.DataFrame:
    """What visitors did that has been processed by now, a row per hit with its session.

    activity_id, visitor_id, activity_type, occurred_at (UTC), url, referrer, tags and click_id as the page was called;
    is_key_event (and credited by now); session (number), started_at, and the session's source, medium and campaign.
    """
    done = story.entities["activities"]
    done = done[done["visitor_id"].notna()]
    lot = np.array([zlib.crc32(name.encode()) / 2**32 for name in done["activity_id"]])
    age = np.datetime64(now, "us") - done["occurred_at"].to_numpy().astype("datetime64[us]")
    is_key_event = (done["activity_type"] != "page_view") & (age >= lot**4 * LONGEST_CREDITING)
    done = done.assign(is_key_event=is_key_event)[age >= lot**3 * LONGEST_PROCESSING]
    done = done.sort_values(["visitor_id", "occurred_at", "activity_id"], ignore_index=True)
    gap = done.groupby("visitor_id")["occurred_at"].diff().dt.total_seconds()
    done["session"] = (gap.isna() | (gap > IDLE)).cumsum()
    done["started_at"] = done.groupby("session")["occurred_at"].transform("min")
    return done.join(_origins(done), on="session")


def sessions(measured: pd.DataFrame) -> pd.DataFrame:
    """One row per session of hits: date (local), visitor_id, source, medium, campaign, and what is counted."""
    made = (
        measured.assign(is_page_view=measured["activity_type"] == "page_view")
        .groupby("session")
        .agg(
            visitor_id=("visitor_id", "first"),
            started_at=("started_at", "first"),
            ended_at=("occurred_at", "max"),
            source=("source", "first"),
            medium=("medium", "first"),
            campaign=("campaign", "first"),
            page_views=("is_page_view", "sum"),
            key_events=("is_key_event", "sum"),
        )
    )
    length = (made["ended_at"] - made["started_at"]).dt.total_seconds()
    return made.assign(
        date=local_dates(made["started_at"]),
        is_engaged=(length > ENGAGED_SECONDS) | (made["page_views"] > 1) | (made["key_events"] > 0),
        is_new=~made["visitor_id"].duplicated(),
    )


def local_dates(moments: pd.Series) -> pd.Series:
    """The days of moments in the property's time zone, as Google writes them: 20260901."""
    return moments.dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE).dt.strftime("%Y%m%d")


def _origins(measured: pd.DataFrame) -> pd.DataFrame:
    """Source, medium and campaign of each session: of its first hit that came from somewhere."""
    came = measured[measured[["utm_source", "click_id", "referrer"]].notna().any(axis=1)].drop_duplicates("session")
    origins = {row.session: origin(row) for row in came.itertuples()}
    numbers = measured["session"].unique()
    found = [origins.get(number, DIRECT) for number in numbers]
    return pd.DataFrame(found, index=numbers, columns=["source", "medium", "campaign"])


def origin(hit: object) -> tuple[str, str, str]:
    """Source, medium and campaign of a hit that came from somewhere: tags go first, then click ids, then referrers."""
    if isinstance(hit.utm_source, str):
        campaign = hit.utm_campaign if isinstance(hit.utm_campaign, str) else NOT_SET
        return hit.utm_source, hit.utm_medium if isinstance(hit.utm_medium, str) else NOT_SET, campaign
    kind = hit.click_id.partition(":")[0] if isinstance(hit.click_id, str) else ""
    if kind in CLICKED:
        return (*CLICKED[kind], NOT_SET)
    if not isinstance(hit.referrer, str):
        return DIRECT
    site = hit.referrer.partition("//")[2].partition("/")[0].removeprefix("www.")
    name = site.partition(".")[0]
    return (SEARCH_SITES[name], "organic", "(organic)") if name in SEARCH_SITES else (site, "referral", "(referral)")

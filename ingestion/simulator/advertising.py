"""What an ad platform knows of its campaigns: accounts, ad groups, and figures that it restates for weeks.

Every platform has an account per market, since an account has one currency. A campaign's number is the one that
`campaign_aliases` has for it; LinkedIn calls what is a campaign here a campaign group, and its ad groups campaigns.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from ingestion.simulator import company
from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.systems import AD_PLATFORMS

MICROS = 1_000_000
TIME_ZONES = {"PL": "Europe/Warsaw", "DE": "Europe/Berlin", "INT": "Europe/Warsaw"}
FIGURES = ["impressions", "clicks", "cost_micros", "conversions"]


@dataclass(frozen=True)
class Advertising:
    """What one platform knows at a moment; numbers are the platform's own.

    accounts: number, name, currency, time_zone. campaigns: number, account, campaign_id (ours), name, channel, tag,
    start_date, end_date (NaT while it runs), known_at. groups: number, campaign, name, known_at; a campaign may have
    none. performance: account, campaign, group (<NA> where the campaign has none), date (local to the account),
    impressions, clicks, cost_micros and conversions as they are stated at that moment, one row per group and day on
    which anything happened.
    """

    accounts: pd.DataFrame
    campaigns: pd.DataFrame
    groups: pd.DataFrame
    performance: pd.DataFrame


def advertising(story: Chronicle, system: str, now: datetime) -> Advertising:
    """What a platform (one of `systems.AD_PLATFORMS`) says now."""
    campaigns = _campaigns(story, system, now)
    accounts = _accounts(system).query("market in @campaigns['market']")
    groups = _groups(campaigns)
    return Advertising(
        accounts=accounts.drop(columns="market").reset_index(drop=True),
        campaigns=campaigns.drop(columns="market"),
        groups=groups,
        performance=_performance(story, campaigns, groups, now),
    )


def account_ids(story: Chronicle, system: str, now: datetime) -> str:
    """The numbers of the accounts that a platform has now, as a setting wants them."""
    return ",".join(str(number) for number in advertising(story, system, now).accounts["number"])


def _accounts(system: str) -> pd.DataFrame:
    base = 1_000_000_007 * (1 + list(AD_PLATFORMS.values()).index(system))
    return pd.DataFrame(
        [
            {
                "number": base + 1_000_003 * place,
                "name": f"Kolibri {market}",
                "currency": company.CURRENCY_OF_MARKET[market],
                "time_zone": time_zone,
                "market": market,
            }
            for place, (market, time_zone) in enumerate(TIME_ZONES.items())
        ]
    )


def _campaigns(story: Chronicle, system: str, now: datetime) -> pd.DataFrame:
    known = story.known("campaigns", now)
    known = known[known["platform"].map(AD_PLATFORMS) == system]
    aliases = story.entities["campaign_aliases"]
    numbers = aliases[aliases["alias"].str.isdigit()].set_index("campaign_id")["alias"].astype("int64")
    accounts = _accounts(system).set_index("market")["number"]
    return pd.DataFrame(
        {
            "number": known["campaign_id"].map(numbers),
            "account": known["market"].map(accounts),
            "campaign_id": known["campaign_id"],
            "name": known["campaign_name"],
            "channel": known["channel"],
            "tag": known["tag"],
            "start_date": known["start_date"],
            # An end is a plan until it has come.
            "end_date": known["end_date"].where(pd.to_datetime(known["end_date"]) <= now),
            "market": known["market"],
            "known_at": known["known_at"],
        }
    ).reset_index(drop=True)


def _groups(campaigns: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "number": 10 * campaign.number + place,
            "campaign": campaign.number,
            "name": name,
            "known_at": campaign.known_at,
        }
        for campaign in campaigns.itertuples()
        for place, name in enumerate(company.AD_GROUPS[campaign.channel], start=1)
    ]
    return pd.DataFrame(rows, columns=["number", "campaign", "name", "known_at"])


def _performance(story: Chronicle, campaigns: pd.DataFrame, groups: pd.DataFrame, now: datetime) -> pd.DataFrame:
    spend = story.known("campaign_spend_daily", now).merge(
        campaigns[["campaign_id", "number", "account", "channel"]], on="campaign_id"
    )
    stated = _stated(spend, now).rename(columns={"number": "campaign"})
    shares = pd.concat([_shares(groups, campaigns), _whole(campaigns)], ignore_index=True)
    split = stated.merge(shares, on="campaign")
    for figure in FIGURES:
        until, before = (np.floor(split[figure] * split[edge] + 1e-9) for edge in ("until", "before"))
        split[figure] = (until - before).astype("int64")
    split["conversions"] /= 100
    happened = split[(split[FIGURES] != 0).any(axis=1)]
    return happened[["account", "campaign", "group", "date", *FIGURES]].sort_values(
        ["date", "campaign", "group"], ignore_index=True
    )


def _stated(spend: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The campaigns' figures as the platform states them now; conversions in hundredths, so that all are whole."""
    age = (np.datetime64(now, "us") - spend["known_at"].to_numpy().astype("datetime64[us]")).astype("timedelta64[D]")
    age = age.astype(float)
    invalid = company.INVALID_CLICK_SHARE * np.clip(1 - age / company.CLICKS_FINAL_AFTER_DAYS, 0, None)
    missing = company.LATE_CONVERSION_SHARE * 0.5 ** (age / company.LATE_CONVERSION_HALF_LIFE_DAYS)
    missing = np.where(age < company.CONVERSIONS_FINAL_AFTER_DAYS, missing, 0.0)
    return spend[["account", "number", "date", "impressions"]].assign(
        clicks=np.round(spend["clicks"] * (1 + invalid)),
        cost_micros=np.round(spend["cost_amount_local"] * MICROS * (1 + invalid)),
        conversions=np.round(spend["platform_conversions"] * 100 * (1 - missing)),
    )


def _shares(groups: pd.DataFrame, campaigns: pd.DataFrame) -> pd.DataFrame:
    """The part of its campaign that each group has: [before, until) of 1."""
    channels = campaigns.set_index("number")["channel"]
    weights = [
        company.AD_GROUPS[channels[campaign]][name]
        for campaign, name in zip(groups["campaign"], groups["name"], strict=True)
    ]
    parts = groups.assign(weight=weights)
    until = parts.groupby("campaign")["weight"].cumsum()
    whole = parts.groupby("campaign")["weight"].transform("sum")
    return pd.DataFrame(
        {
            "campaign": parts["campaign"],
            "group": parts["number"].astype("Int64"),
            "before": (until - parts["weight"]) / whole,
            "until": until / whole,
        }
    )


def _whole(campaigns: pd.DataFrame) -> pd.DataFrame:
    """Campaigns without groups have their figures themselves."""
    steered = campaigns[~campaigns["channel"].map(lambda channel: bool(company.AD_GROUPS[channel]))]
    return pd.DataFrame(
        {
            "campaign": steered["number"],
            "group": pd.array([pd.NA] * len(steered), dtype="Int64"),
            "before": 0.0,
            "until": 1.0,
        }
    )

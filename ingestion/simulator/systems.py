"""Which of the company's systems records what, and under which ids.

Poland and the markets abroad run on Salesforce with Marketo beside it; the German subsidiary, bought later, runs on
HubSpot alone. What none of these systems records (banners, social networks, strangers on the website, the
accountant's tables) lies in files; what ads cost and did, the ad platforms tell. Every fact is recorded by exactly one
system.
"""

import uuid
from enum import StrEnum

import numpy as np
import pandas as pd

from ingestion.simulator.chronicle import Chronicle

HUBSPOT, SALESFORCE, MARKETO, FILES = "hubspot", "salesforce", "marketo", "files"
# Where ads are bought, by the platform's name in `campaigns`; what is spent elsewhere stands in a spreadsheet.
AD_PLATFORMS = {"Google Ads": "google_ads", "LinkedIn Ads": "linkedin_ads", "Meta Ads": "meta_ads"}
# The e-mail tool's campaigns are Marketo programs where Marketo is; all others are campaigns of the CRM.
MAIL_CHANNELS = ("marketing_email", "nurture", "cold_email")
WEB_TYPES = (
    *(
        "page_view",
        "form_submitted",
        "content_downloaded",
        "demo_requested",
        "price_requested",
        "trial_started",
        "chat",
    ),
)
MAIL_TYPES = ("email_sent", "email_delivered", "email_opened", "email_clicked", "email_bounced", "unsubscribed")
FILED_TYPES = ("ad_impression", "ad_clicked", "social_engaged", "message_sent", "message_replied")
FILED_ENTITIES = (
    *("campaign_spend_daily", "campaign_aliases", "costs_monthly", "customer_revenue", "content", "experiments"),
    *("experiment_assignments", "fx_rates_daily", "targets", "products"),
)
# What each letter of our own ids is in Salesforce: Lead, Account, Opportunity, User, Campaign.
SALESFORCE_PREFIXES = {"L": "00Q", "A": "001", "O": "006", "U": "005", "M": "701"}
HUBSPOT_BASES = {"L": 100_000_000, "A": 200_000_000, "O": 300_000_000, "U": 400_000, "T": 500_000_000, "M": 600_000}
SALESFORCE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NAMESPACE = uuid.UUID("6f1d2f1e-52a5-4a3c-9f6e-0d6f3c1b7a10")


class Setup(StrEnum):
    """Which CRM serves which market."""

    SPLIT = "split"  # Germany on HubSpot, the others on Salesforce and Marketo
    HUBSPOT = "hubspot"  # all on HubSpot
    SALESFORCE = "salesforce"  # all on Salesforce and Marketo

    def crm(self, markets: pd.Series) -> pd.Series:
        """The CRM of each market; one without a market is everywhere, hence in the CRM that serves Poland."""
        german = HUBSPOT if self is not Setup.SALESFORCE else SALESFORCE
        other = HUBSPOT if self is Setup.HUBSPOT else SALESFORCE
        return pd.Series(np.where(markets == "DE", german, other), index=markets.index)


def crm_of_leads(story: Chronicle, setup: Setup) -> pd.Series:
    """The CRM of each person, by lead_id."""
    leads = story.entities["leads"].set_index("lead_id")
    return setup.crm(leads["market"])


def activities(story: Chronicle, setup: Setup) -> pd.DataFrame:
    """All activities with `system`, and `lead_id` and `known_at` as that system has them.

    A CRM ascribes what an anonymous visitor did to the person as soon as it recognises them.
    """
    rows = story.entities["activities"]
    links = story.entities["identity_links"].drop_duplicates("visitor_id").set_index("visitor_id")
    linked = rows["visitor_id"].map(links["lead_id"])
    linked_at = rows["visitor_id"].map(links["linked_at"])
    was_anonymous = rows["lead_id"].isna() & linked.notna()
    known_at = rows["known_at"].where(~was_anonymous, np.maximum(rows["known_at"], linked_at))
    rows = rows.assign(lead_id=rows["lead_id"].where(~was_anonymous, linked), known_at=known_at)
    crm = rows["lead_id"].map(crm_of_leads(story, setup))
    is_mail = rows["activity_type"].isin(MAIL_TYPES) & (rows["actor"] != "rep")
    is_booked_online = (rows["activity_type"] == "meeting_booked") & (rows["actor"] == "person")
    is_automated = rows["activity_type"].isin(WEB_TYPES) | is_mail | is_booked_online
    system = crm.mask((crm == SALESFORCE) & is_automated, MARKETO)
    is_filed = rows["activity_type"].isin(FILED_TYPES) | rows["lead_id"].isna()
    return rows.assign(system=system.mask(is_filed, FILES))


def campaigns(story: Chronicle, setup: Setup) -> pd.DataFrame:
    """All campaigns with `system`; one for all markets stands once in each CRM that is in use."""
    rows = story.entities["campaigns"]
    copies = []
    for system in (HUBSPOT, SALESFORCE):
        served = [market for market in ("PL", "DE", "INT") if setup.crm(pd.Series([market]))[0] == system]
        here = rows[rows["market"].isin(served) | (rows["market"].isna() & bool(served))]
        is_mail = here["channel"].isin(MAIL_CHANNELS) if system == SALESFORCE else pd.Series(False, here.index)
        copies.append(here.assign(system=np.where(is_mail, MARKETO, system)))
    return pd.concat(copies, ignore_index=True)


def advertised_campaigns(story: Chronicle) -> pd.Index:
    """The ids of the campaigns of which an ad platform of `AD_PLATFORMS` says itself what they are and cost."""
    rows = story.entities["campaigns"]
    return pd.Index(rows.loc[rows["platform"].isin(AD_PLATFORMS), "campaign_id"])


def hubspot_id(own_id: str) -> str:
    """The number that HubSpot gives to a record of ours (L…, A…, O…, U…, T…, M…)."""
    return str(HUBSPOT_BASES[own_id[0]] + int(own_id[1:]))


def hubspot_guid(own_id: str) -> str:
    """The GUID that HubSpot gives to a campaign, form or page of ours."""
    return str(uuid.uuid5(NAMESPACE, own_id))


def salesforce_id(prefix: str, own_id: str) -> str:
    """The 18 characters that Salesforce gives to a record of ours, with their check sum; `prefix` names the object."""
    number, digits = int(own_id[1:]), ""
    while number:
        number, rest = divmod(number, 62)
        digits = BASE_62[rest] + digits
    short = f"{prefix}5g00000{digits.rjust(5, '0')}"
    checksum = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())
        checksum += SALESFORCE_LETTERS[bits]
    return short + checksum


def marketo_id(own_id: str) -> int:
    """The number that Marketo gives to a record of ours."""
    return 1_000 + int(own_id[1:])


def warehouse_id(own_id: str, system: str) -> str:
    """The id under which the warehouse knows a record of ours (L…, A…, O…, U…, M…) that this system records.

    A person in Salesforce goes by the id of their Lead, which a conversion leaves as it is.
    """
    if system == SALESFORCE:
        return f"salesforce:{salesforce_id(SALESFORCE_PREFIXES[own_id[0]], own_id)}"
    if system == HUBSPOT:
        return f"hubspot:{hubspot_guid(own_id) if own_id[0] == 'M' else hubspot_id(own_id)}"
    if system == MARKETO:
        return f"marketo:{marketo_id(own_id)}"
    return own_id


def warehouse_ids(own_ids: pd.Series, systems: pd.Series) -> pd.Series:
    """`warehouse_id` of each pair; None where there is no id."""
    pairs = pd.DataFrame({"id": own_ids, "system": systems}).dropna()
    known = pairs.drop_duplicates()
    names = known.assign(name=[warehouse_id(*pair) for pair in known.itertuples(index=False)])
    named = pairs.merge(names, on=["id", "system"], how="left").set_index(pairs.index)["name"]
    return named.reindex(own_ids.index).astype(object).where(own_ids.notna(), None)

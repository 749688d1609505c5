"""Accounts with their campaigns and ad groups, and the values of utm_campaign that their links carry.

Google deletes none of them, it marks them as REMOVED: so none is ever taken for deleted here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from ingestion.faults import Fault
from ingestion.pages import Page
from ingestion.sources.google_ads.client import Client, Row
from ingestion.sources.google_ads.settings import PREFIX

CLIENTS = """
    SELECT customer_client.id FROM customer_client
    WHERE customer_client.manager = FALSE AND customer_client.status = 'ENABLED'
"""
CUSTOMER = """
    SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone, customer.status,
        customer.auto_tagging_enabled
    FROM customer
"""
CAMPAIGNS = """
    SELECT campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type, campaign.start_date_time,
        campaign.end_date_time, campaign.tracking_url_template, campaign.final_url_suffix,
        campaign.url_custom_parameters
    FROM campaign
"""
AD_GROUPS = """
    SELECT ad_group.id, ad_group.name, ad_group.status, ad_group.type, ad_group.tracking_url_template,
        ad_group.final_url_suffix, ad_group.url_custom_parameters, campaign.id
    FROM ad_group
"""
ADS = """
    SELECT ad_group_ad.ad.id, ad_group_ad.ad.final_urls, ad_group_ad.ad.tracking_url_template,
        ad_group_ad.ad.final_url_suffix, ad_group_ad.ad.url_custom_parameters, campaign.id
    FROM ad_group_ad
"""
ASSET_GROUPS = "SELECT asset_group.id, asset_group.final_urls, campaign.id FROM asset_group"
UNMARKED = "does not mark clicks: switch auto-tagging on in its settings, and visits find their campaign by click id."
UTM_CAMPAIGN = re.compile(r"(?:^|[?&])utm_campaign=([^&#]*)", re.IGNORECASE)
NESTED = "utm_campaign%3d"
PARAMETER = re.compile(r"\{_(\w+)\}")


def accounts(client: Client) -> list[str]:
    """The numbers of the accounts to read, in order. Raises Fault where there are none."""
    settings = client.settings
    if settings.customer_ids:
        return sorted(settings.customer_ids)
    clients = client.rows(settings.login_customer_id, CLIENTS)
    found = sorted({row["customerClient"]["id"] for row in clients})
    if not found:
        raise Fault(f"{PREFIX}LOGIN_CUSTOMER_ID: account {settings.login_customer_id} manages no open account.")
    return found


def customer_pages(client: Client, customers: list[str]) -> Iterator[Page]:
    """The accounts themselves: name, the one currency that an account has, and the time zone of its days."""
    for customer in customers:
        rows = [plain(row["customer"]) for row in client.rows(customer, CUSTOMER)]
        unmarked = any(row.get("autoTaggingEnabled") is False for row in rows)
        yield Page(rows={"customers": rows}, notice=f"Account {customer} {UNMARKED}" if unmarked else None)


def campaign_pages(client: Client, customers: list[str], last: str | None) -> Iterator[Page]:
    """Campaigns with their tags, a page per account after the `last`; tags that no link carries any more go."""
    for customer in (one for one in customers if one > (last or "")):
        campaigns = client.rows(customer, CAMPAIGNS)
        rows = [{"customer_id": customer} | plain(row["campaign"]) for row in campaigns]
        yield Page(
            rows={"campaigns": rows, "utm_campaigns": utm_rows(customer, campaigns, "campaign")},
            deleted={"utm_campaigns": [{"customer_id": customer}]},
            bookmark=customer,
        )


def ad_group_pages(client: Client, customers: list[str], last: str | None) -> Iterator[Page]:
    """Ad groups with their tags and those of the ads and asset groups, of the accounts after the `last`."""
    for customer in [one for one in customers if one > (last or "")]:
        groups = client.rows(customer, AD_GROUPS)
        rows = [
            {"customer_id": customer, "campaign_id": row["campaign"]["id"]} | plain(row["adGroup"]) for row in groups
        ]
        yield Page(rows={"ad_groups": rows, "utm_campaigns": utm_rows(customer, groups, "adGroup")}, bookmark=last)
        for ads in client.pages(customer, ADS):
            yield Page(rows={"utm_campaigns": utm_rows(customer, ads, "adGroupAd", "ad")}, bookmark=last)
        last = customer
        tags = utm_rows(customer, client.rows(customer, ASSET_GROUPS), "assetGroup")
        yield Page(rows={"utm_campaigns": tags}, bookmark=last)


def plain(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a resource without its name, which repeats its ids."""
    return {name: value for name, value in resource.items() if name != "resourceName"}


def utm_rows(customer: str, rows: list[Row], *path: str) -> list[dict[str, str]]:
    """Each campaign and value of utm_campaign that the links at that path of the rows carry, once."""
    found = set()
    for row in rows:
        link: Any = row
        for name in path:
            link = link[name]
        found |= {(row["campaign"]["id"], value) for value in utm_campaigns(link)}
    return [
        {"customer_id": customer, "campaign_id": campaign, "utm_campaign": value} for campaign, value in sorted(found)
    ]


def utm_campaigns(link: Mapping[str, Any]) -> set[str]:
    """What a campaign, group or ad writes into utm_campaign; what Google fills in itself is left out.

    A tag may stand in the template (there in a URL within a URL, too), the suffix or the final URL. `{_name}` is a
    parameter of the link's own; others, such as `{campaignid}`, take a value at each click.
    """
    own = {one.get("key"): one.get("value", "") for one in link.get("urlCustomParameters") or []}
    texts = [link.get("trackingUrlTemplate"), link.get("finalUrlSuffix"), *(link.get("finalUrls") or [])]
    found = {
        unquote_plus(PARAMETER.sub(lambda match: own.get(match[1], match[0]), value)).strip()
        for text in texts
        if text
        for value in UTM_CAMPAIGN.findall(unquote(text) if NESTED in text.lower() else text)
    }
    return {value for value in found if value and "{" not in value}

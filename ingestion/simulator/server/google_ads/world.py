"""The company's Google Ads accounts as tables whose columns are GAQL's fields, cut off at the present."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from ingestion.simulator import company
from ingestion.simulator.advertising import FIGURES, Advertising, advertising
from ingestion.simulator.server.state import State

MANAGER = 5_550_000_001
CHANNEL_TYPES = {"paid_search": "SEARCH", "retargeting": "DISPLAY", "display": "PERFORMANCE_MAX"}
GROUP_TYPES = {"SEARCH": "SEARCH_STANDARD", "DISPLAY": "DISPLAY_STANDARD"}
AD_TYPES = {"SEARCH": "RESPONSIVE_SEARCH_AD", "DISPLAY": "RESPONSIVE_DISPLAY_AD"}
TAGS = "utm_source=google&utm_medium=cpc&utm_campaign="
GCLID = "gclid:"
LINK_FIELDS = ("tracking_url_template", "final_url_suffix", "url_custom_parameters")


@dataclass(frozen=True)
class World:
    """The accounts' tables. Every one has `account`, the number of the account that a row belongs to."""

    state: State

    @property
    def ads(self) -> Advertising:
        return self.state.at_present("google_ads", lambda: advertising(self.state.story, "google_ads", self.state.now))

    def rows(self, resource: str) -> pd.DataFrame:
        """The rows of a resource with the fields of those that it belongs to."""
        return self.state.at_present(("google_ads", resource), lambda: getattr(self, f"_{resource}")())

    def facts(self, resource: str) -> pd.DataFrame:
        """Figures by day: `account`, `campaign.id`, `ad_group.id` or `click_view.gclid`, `segments.date`, metrics."""
        if resource == "click_view":
            clicks = self.rows("click_view")
            return clicks[["account", "click_view.gclid", "segments.date"]].assign(**{"metrics.clicks": 1})
        return self.state.at_present("google_ads facts", self._facts)

    def today(self, account: int) -> date:
        """The day that it is where the account is."""
        zones = self.ads.accounts.set_index("number")["time_zone"]
        moment = self.state.now.replace(tzinfo=ZoneInfo("UTC"))
        return moment.astimezone(ZoneInfo(zones.get(account, "UTC"))).date()

    def _customer(self) -> pd.DataFrame:
        accounts = self.ads.accounts
        rows = pd.DataFrame(
            {
                "account": [MANAGER, *accounts["number"]],
                "customer.descriptive_name": ["Kolibri", *accounts["name"]],
                "customer.currency_code": [company.CURRENCY_OF_MARKET["PL"], *accounts["currency"]],
                "customer.time_zone": ["Europe/Warsaw", *accounts["time_zone"]],
            }
        )
        return rows.assign(
            **{
                "customer.id": rows["account"],
                "customer.manager": rows["account"] == MANAGER,
                "customer.test_account": False,
                "customer.auto_tagging_enabled": True,
                "customer.status": "ENABLED",
                "customer.resource_name": [f"customers/{number}" for number in rows["account"]],
            }
        )

    def _customer_client(self) -> pd.DataFrame:
        """A manager sees itself and all accounts below it; any other account itself alone."""
        customers = self._customer()
        names = ("id", "descriptive_name", "currency_code", "time_zone", "manager", "test_account", "status")
        clients = pd.DataFrame({f"customer_client.{name}": customers[f"customer.{name}"] for name in names})
        clients["customer_client.client_customer"] = customers["customer.resource_name"]
        clients["customer_client.hidden"] = False
        own = clients.assign(account=clients["customer_client.id"], **{"customer_client.level": 0})
        below = clients.assign(account=MANAGER, **{"customer_client.level": 1})
        rows = pd.concat([own, below[below["customer_client.id"] != MANAGER]], ignore_index=True)
        names = [
            f"customers/{account}/customerClients/{client}"
            for account, client in zip(rows["account"], rows["customer_client.id"], strict=True)
        ]
        return rows.assign(**{"customer_client.resource_name": names}).merge(customers, on="account")

    def _campaign(self) -> pd.DataFrame:
        campaigns = self.ads.campaigns
        kind = campaigns["channel"].map(CHANNEL_TYPES)
        ends = campaigns["end_date"].notna()
        # People tag as they like: for all ads at once, by a template, or in the addresses of the ads.
        is_suffixed = (kind == "SEARCH") & (campaigns["number"] % 2 == 0)
        is_templated = kind == "DISPLAY"
        rows = pd.DataFrame(
            {
                "account": campaigns["account"],
                "tag": campaigns["tag"],
                "is_tagged_below": ~(is_suffixed | is_templated),
                "campaign.id": campaigns["number"],
                "campaign.name": campaigns["name"],
                "campaign.status": np.where(ends, "PAUSED", "ENABLED"),
                "campaign.advertising_channel_type": kind,
                "campaign.start_date_time": campaigns["start_date"].astype(str) + " 00:00:00",
                "campaign.end_date_time": (campaigns["end_date"].astype(str) + " 23:59:59").where(ends, None),
                "campaign.tracking_url_template": _texts(is_templated, "{lpurl}?" + TAGS + "{_campaign}"),
                "campaign.final_url_suffix": _texts(is_suffixed, TAGS + campaigns["tag"]),
                "campaign.url_custom_parameters": [
                    [{"key": "campaign", "value": tag}] if templated else None
                    for tag, templated in zip(campaigns["tag"], is_templated, strict=True)
                ],
                "campaign.resource_name": _names(campaigns["account"], "campaigns", campaigns["number"]),
            }
        )
        return rows.merge(self.rows("customer"), on="account")

    def _ad_group(self) -> pd.DataFrame:
        groups = self.ads.groups.rename(columns={"campaign": "campaign.id"}).merge(self.rows("campaign"))
        return groups.drop(columns=["number", "name", "known_at"]).assign(
            **{
                "ad_group.id": groups["number"],
                "ad_group.name": groups["name"],
                "ad_group.status": "ENABLED",
                "ad_group.type": groups["campaign.advertising_channel_type"].map(GROUP_TYPES),
                "ad_group.campaign": groups["campaign.resource_name"],
                **dict.fromkeys((f"ad_group.{name}" for name in LINK_FIELDS), None),
                "ad_group.resource_name": _names(groups["account"], "adGroups", groups["number"]),
            }
        )

    def _ad_group_ad(self) -> pd.DataFrame:
        """One ad in each group."""
        groups = self.rows("ad_group")
        ad = groups["ad_group.id"] + 5
        names = [f"{group}~{number}" for group, number in zip(groups["ad_group.id"], ad, strict=True)]
        return groups.assign(
            **{
                "ad_group_ad.status": "ENABLED",
                "ad_group_ad.ad_group": groups["ad_group.resource_name"],
                "ad_group_ad.ad.id": ad,
                "ad_group_ad.ad.type": groups["campaign.advertising_channel_type"].map(AD_TYPES),
                "ad_group_ad.ad.final_urls": _final_urls(groups),
                **dict.fromkeys((f"ad_group_ad.ad.{name}" for name in LINK_FIELDS), None),
                "ad_group_ad.resource_name": _names(groups["account"], "adGroupAds", pd.Series(names)),
            }
        )

    def _asset_group(self) -> pd.DataFrame:
        """What a Performance Max campaign has in place of ad groups."""
        campaigns = self.rows("campaign")
        campaigns = campaigns[campaigns["campaign.advertising_channel_type"] == "PERFORMANCE_MAX"].reset_index(
            drop=True
        )
        number = campaigns["campaign.id"] + 3
        return campaigns.assign(
            **{
                "asset_group.id": number,
                "asset_group.name": campaigns["campaign.name"],
                "asset_group.status": "ENABLED",
                "asset_group.campaign": campaigns["campaign.resource_name"],
                "asset_group.final_urls": _final_urls(campaigns),
                "asset_group.resource_name": _names(campaigns["account"], "assetGroups", number),
            }
        )

    def _click_view(self) -> pd.DataFrame:
        """Clicks on ads that brought a visit to the website, as Google saw them: at once, whatever the tags say."""
        done = self.state.story.entities["activities"]
        is_known = (done["occurred_at"] <= np.datetime64(self.state.now, "us")) & done["clicked_campaign_id"].notna()
        clicks = done.loc[is_known & done["click_id"].fillna("").str.startswith(GCLID)]
        campaigns = self.ads.campaigns.rename(columns={"campaign_id": "clicked_campaign_id"})
        clicks = clicks[["occurred_at", "click_id", "clicked_campaign_id"]].merge(
            campaigns[["clicked_campaign_id", "number", "account"]]
        )
        groups = self.ads.groups.groupby("campaign")["number"].agg(list)
        zones = self.ads.accounts.set_index("number")["time_zone"]
        gclid = clicks["click_id"].str.removeprefix(GCLID)
        own = [groups.get(number, [None]) for number in clicks["number"]]
        rows = pd.DataFrame(
            {
                "account": clicks["account"],
                "campaign.id": clicks["number"],
                "ad_group.id": pd.array(
                    [of[int(click[-3:]) % len(of)] for of, click in zip(own, gclid, strict=True)], dtype="Int64"
                ),
                "click_view.gclid": gclid,
                "segments.date": [
                    _local_day(moment, zones[account])
                    for moment, account in zip(clicks["occurred_at"], clicks["account"], strict=True)
                ],
            }
        )
        ads = self.rows("ad_group_ad").set_index("ad_group.id")["ad_group_ad.resource_name"]
        rows["click_view.ad_group_ad"] = [ads.get(group) for group in rows["ad_group.id"]]
        names = rows["segments.date"].astype(str) + "~" + gclid
        rows["click_view.resource_name"] = _names(rows["account"], "clickViews", names)
        groups = self.rows("ad_group").filter(regex="^ad_group")
        return rows.merge(self.rows("campaign"), on=["account", "campaign.id"]).merge(
            groups, on="ad_group.id", how="left"
        )

    def _facts(self) -> pd.DataFrame:
        performance = self.ads.performance
        return pd.DataFrame(
            {
                "account": performance["account"],
                "campaign.id": performance["campaign"],
                "ad_group.id": performance["group"],
                "segments.date": performance["date"].dt.date,
                **{f"metrics.{name}": performance[name] for name in FIGURES},
            }
        )


def _texts(where: pd.Series, text: object) -> pd.Series:
    return pd.Series(np.where(where, text, None), index=where.index)


def _names(accounts: pd.Series, collection: str, numbers: pd.Series) -> list[str]:
    return [f"customers/{account}/{collection}/{number}" for account, number in zip(accounts, numbers, strict=True)]


def _final_urls(rows: pd.DataFrame) -> list[list[str]]:
    return [
        [f"{company.WEBSITE}/?{TAGS}{tag}" if is_tagged_below else f"{company.WEBSITE}/"]
        for tag, is_tagged_below in zip(rows["tag"], rows["is_tagged_below"], strict=True)
    ]


def _local_day(moment: datetime, time_zone: str) -> date:
    return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(time_zone)).date()

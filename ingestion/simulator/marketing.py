"""What marketing runs: campaigns, their assets and aliases, the signals that visits carry, and the media bill."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.books import rates_for
from ingestion.simulator.clock import DAY, HOUR, NEVER, History, arrival_weights, days, local_dates, to_utc
from ingestion.simulator.draw import NONE
from ingestion.simulator.mess import Mess

UTM_COLUMNS = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"]


@dataclass(frozen=True)
class Marketing:
    """The campaigns and assets; both frames are numbered from 0, and other modules speak of them by number.

    campaigns: one row per campaign with its channel, market (None: all), weight, starts_at, ends_at, held_at (webinars
    and fairs), tag, parent and asset number. assets: one row per piece of content.
    """

    campaigns: pd.DataFrame
    assets: pd.DataFrame

    def choose(
        self, rng: np.random.Generator, channels: np.ndarray, markets: np.ndarray, moments: np.ndarray
    ) -> np.ndarray:
        """A campaign number for each visit: of its channel and market and running then, else NONE."""
        chosen = np.full(len(channels), NONE)
        for channel, running in self.campaigns.dropna(subset="channel").groupby("channel", sort=True):
            visits = np.flatnonzero(channels == channel)
            at = moments[visits, None]
            is_eligible = (running["starts_at"].to_numpy() <= at) & ~(running["ends_at"].to_numpy() < at)
            is_eligible &= running["market"].isna().to_numpy() | (running["market"].to_numpy() == markets[visits, None])
            # The earliest of exponential clocks rings in proportion to the weights.
            rings = rng.exponential(1.0, is_eligible.shape) / running["weight"].to_numpy()
            rings[~is_eligible] = np.inf
            first = rings.argmin(axis=1)
            chosen[visits] = np.where(is_eligible.any(axis=1), running.index.to_numpy()[first], NONE)
        return chosen

    def assets_of(self, campaigns: np.ndarray) -> np.ndarray:
        """The asset number of each campaign, NONE where it has none."""
        return np.where(campaigns == NONE, NONE, self.campaigns["asset"].to_numpy()[campaigns])

    def asset_number(self, name: str) -> int:
        """The number of the asset of that name."""
        return int(self.assets.index[self.assets["content_name"] == name][0])

    def asset_numbers(self, content_types: tuple[str, ...]) -> np.ndarray:
        """The numbers of the assets of those types that stand on the website."""
        is_wanted = self.assets["content_type"].isin(content_types) & self.assets["path"].notna()
        return self.assets.index[is_wanted].to_numpy()


def plan(history: History) -> Marketing:
    """All campaigns and assets of the history."""
    campaigns = pd.DataFrame(_running_plans(history) + _webinars(history) + _fairs(history))
    campaigns = campaigns[campaigns["starts_at"] <= history.as_of].reset_index(drop=True)
    parents = campaigns.groupby("programme", sort=False)["starts_at"].min().rename_axis("name").reset_index()
    campaigns["parent"] = len(campaigns) + campaigns["programme"].map({n: i for i, n in enumerate(parents["name"])})
    campaigns = pd.concat([campaigns, parents.assign(ends_at=NEVER, held_at=NEVER)], ignore_index=True)
    campaigns["parent"] = campaigns["parent"].fillna(NONE).astype(int)
    campaigns["campaign_id"] = draw.labels("M", campaigns.index.to_numpy() + 1, 4)
    campaigns["tag"] = campaigns["name"].str.lower().str.replace(" ", "-")
    for column in ("channel", "market", "platform", "tag"):
        campaigns[column] = campaigns[column].astype(object).where(campaigns[column].notna(), None)
    return Marketing(*_with_assets(campaigns))


def campaign_rows(marketing: Marketing, history: History, media: pd.DataFrame) -> pd.DataFrame:
    """Entity `campaigns`; the budget of a media campaign is what was planned for it, in round hundreds."""
    campaigns = marketing.campaigns
    spent = media.groupby("campaign")["cost_amount_local"].sum().reindex(campaigns.index)
    ends_on = pd.Series(local_dates(campaigns["ends_at"].to_numpy()), index=campaigns.index)
    return pd.DataFrame(
        {
            "campaign_id": campaigns["campaign_id"],
            "campaign_name": campaigns["name"],
            "platform": campaigns["platform"],
            "parent_campaign_id": draw.named(campaigns["campaign_id"], campaigns["parent"]),
            "start_date": local_dates(campaigns["starts_at"].to_numpy()),
            # An end that has not come yet is a plan, which the CRM does not keep.
            "end_date": ends_on.where(campaigns["ends_at"] <= history.as_of),
            "budget_amount_local": (spent * 1.05).round(-2),
            "currency": media.groupby("campaign")["currency"].first().reindex(campaigns.index),
        }
    )


def alias_rows(marketing: Marketing) -> pd.DataFrame:
    """Entity `campaign_aliases`: the tag of each campaign, and the number that an ad platform gives it."""
    tagged = marketing.campaigns[marketing.campaigns["channel"].notna()]
    bought = tagged[tagged["channel"].isin(company.MEDIA)]
    tags = pd.DataFrame({"alias": tagged["tag"], "campaign_id": tagged["campaign_id"]})
    numbers = pd.DataFrame(
        {"alias": (21_000_000_000 + bought.index * 7_919).astype(str), "campaign_id": bought["campaign_id"]}
    )
    return pd.concat([tags, numbers], ignore_index=True)


def content_rows(marketing: Marketing) -> pd.DataFrame:
    """Entity `content`."""
    return marketing.assets[["content_id", "content_name", "content_type", "topic", "funnel_phase"]]


def signals(
    marketing: Marketing,
    mess: Mess,
    rng: np.random.Generator,
    channels: np.ndarray,
    markets: np.ndarray,
    moments: np.ndarray,
) -> pd.DataFrame:
    """What each visit leaves behind at the website: utm_*, click_id, referrer, and its true `campaign` number."""
    count = len(channels)
    drawn = np.full(count, None, dtype=object)
    for channel, variants in company.SIGNALS.items():
        visits = np.flatnonzero(channels == channel)
        drawn[visits] = draw.pick(rng, {variant: variant.weight for variant in variants}, visits.size)
    left = pd.DataFrame(list(drawn), columns=company.Signal._fields, dtype=object)
    campaign = marketing.choose(rng, channels, markets, moments)
    is_tagged = left["is_campaign_tagged"].to_numpy(dtype=bool) & (campaign != NONE)
    tag = draw.named(marketing.campaigns["tag"], np.where(is_tagged, campaign, NONE))
    # Somebody typed the campaign's tag by hand; no alias knows this spelling.
    is_mistyped = is_tagged & draw.chance(rng, mess.mistyped_tags, count)
    tag[is_mistyped] = [typed.replace("_", "-") for typed in tag[is_mistyped]]
    is_stripped = draw.chance(rng, mess.missing_tags, count)
    click = draw.labels("", rng.integers(10**11, 10**12, count), 12)
    kind = left["click_kind"]
    is_bought = is_tagged & np.isin(channels, list(company.MEDIA))
    is_searched = is_bought & (channels == "paid_search")
    left_behind = pd.DataFrame(
        {
            "utm_source": left["utm_source"],
            "utm_medium": left["utm_medium"],
            "utm_campaign": tag,
            "utm_content": np.where(is_bought, draw.pick_any(rng, ("image-a", "image-b", "text"), count), None),
            "utm_term": np.where(is_searched, draw.pick_any(rng, ("planning software", "kolibri"), count), None),
            "click_id": (kind + ":" + click).where(kind.notna(), None),
            "referrer": left["referrer"],
            "campaign": campaign,
        }
    )
    left_behind.loc[is_stripped, UTM_COLUMNS] = None
    return left_behind


def media_bill(
    marketing: Marketing,
    history: History,
    rng: np.random.Generator,
    lead_count: int,
    visits: pd.DataFrame,
    rate_on: pd.DataFrame,
) -> pd.DataFrame:
    """One row per bought campaign and local day: campaign, date, impressions, clicks, cost and currency.

    A channel's money follows the rhythm of its leads and is split over the campaigns that run. `visits` (campaign,
    date) are those that came from it: an ad platform never counts fewer clicks than the website counts visits.
    `rate_on` holds EUR per unit, by date and currency.
    """
    hours, hour_weights = arrival_weights(history)
    day_weights = pd.Series(hour_weights).groupby(local_dates(hours)).sum().reindex(history.days, fill_value=0.0)
    seen = visits.groupby(["campaign", "date"]).size()
    bills = []
    for channel, media in company.MEDIA.items():
        running = marketing.campaigns[marketing.campaigns["channel"] == channel]
        first, last = (local_dates(running[column].to_numpy())[:, None] for column in ("starts_at", "ends_at"))
        weights = running["weight"].to_numpy()[:, None] * ((first <= history.days) & ~(last < history.days))
        leads = lead_count * company.CHANNELS[channel].lead_share * day_weights.to_numpy()
        budget = leads * media.cost_per_lead * weights / weights.sum(axis=0)
        campaign, day = np.nonzero(weights)
        bill = pd.DataFrame({"campaign": running.index.to_numpy()[campaign], "date": history.days[day]})
        known = seen.reindex(pd.MultiIndex.from_frame(bill)).fillna(0).to_numpy().astype(int)
        bill["clicks"] = np.maximum(rng.poisson(budget[campaign, day] / media.cost_per_click), known)
        bill["impressions"] = bill["clicks"] + rng.poisson(bill["clicks"] / media.click_through_rate)
        bill["cost_amount"] = bill["clicks"] * media.cost_per_click * draw.lognormal(rng, 1.0, 0.12, len(bill))
        claimed = rng.poisson(bill["clicks"] * company.PLATFORM_CONVERSIONS_PER_CLICK)
        # Platforms model what they cannot see, hence fractions.
        bill["platform_conversions"] = (claimed * rng.uniform(0.9, 1.3, len(bill))).round(2)
        bills.append(bill)
    bill = pd.concat(bills, ignore_index=True)
    currency_of = marketing.campaigns["market"].map(company.CURRENCY_OF_MARKET)
    bill["currency"] = currency_of.to_numpy()[bill["campaign"]]
    rates = rates_for(rate_on, bill["date"].to_numpy(), bill["currency"])
    bill["cost_amount_local"] = (bill["cost_amount"] / rates).round(2)
    return bill


def spend_rows(marketing: Marketing, media: pd.DataFrame) -> pd.DataFrame:
    """Entity `campaign_spend_daily`."""
    spend = media.assign(campaign_id=marketing.campaigns["campaign_id"].to_numpy()[media["campaign"]])
    return spend.drop(columns=["campaign", "cost_amount"])


def _running_plans(history: History) -> list[dict]:
    return [
        {
            "name": planned.name,
            "channel": planned.channel,
            "market": planned.market,
            "platform": planned.platform,
            "programme": planned.programme,
            "weight": planned.weight,
            "starts_at": history.month(planned.first_month),
            "ends_at": NEVER if planned.months is None else history.month(planned.first_month + planned.months),
            "held_at": NEVER,
        }
        for planned in company.CAMPAIGN_PLANS
    ]


def _webinars(history: History) -> list[dict]:
    """One each month at 11 h, in the month after as-of too: people register for it already."""
    webinars = []
    for number in range(company.HISTORY_MONTHS + 2):
        day = np.datetime64(history.month(number) + 12 * DAY, "D")
        [held_at] = to_utc(np.array([np.busday_offset(day, 0, roll="forward") + 11 * HOUR]))
        topic = company.WEBINAR_TOPICS[number % len(company.WEBINAR_TOPICS)]
        webinars.append(
            {
                "name": f"ALL_webinar_{topic}-{number + 1:02d}",
                "channel": "webinar",
                "platform": "Webinar",
                "programme": "Webinars",
                "weight": 1.0,
                "starts_at": max(held_at - company.WEBINAR_REGISTRATION_DAYS * DAY, history.start),
                "ends_at": held_at,
                "held_at": held_at,
            }
        )
    return webinars


def _fairs(history: History) -> list[dict]:
    """Two days each; the badges that were scanned reach the CRM within a week."""
    fairs = []
    for number, city in enumerate(company.FAIR_CITIES):
        day = np.datetime64(history.month(number * company.MONTHS_BETWEEN_FAIRS) + 8 * DAY, "D")
        [opens_at] = to_utc(np.array([np.busday_offset(day, 0, roll="forward") + 9 * HOUR]))
        fairs.append(
            {
                "name": f"ALL_event_{city}",
                "channel": "event",
                "platform": "Event",
                "programme": "Fairs",
                "weight": 1.0,
                "starts_at": opens_at,
                "ends_at": opens_at + days(np.array(7.0)),
                "held_at": opens_at,
            }
        )
    return fairs


def _with_assets(campaigns: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The campaigns with their `asset` numbers, and all assets: the website's, each webinar, an ad per campaign."""
    listed = pd.DataFrame([asset._asdict() for asset in company.ASSETS])
    webinars = campaigns[campaigns["channel"] == "webinar"]
    ads = campaigns[campaigns["channel"].isin(company.MEDIA)]
    topics = webinars["name"].str.extract(r"webinar_(\w+)-(\d+)")
    made = pd.DataFrame(
        {
            "name": [*("Webinar " + topics[1] + ": " + topics[0]), *("Ad: " + ads["name"])],
            "content_type": ["webinar"] * len(webinars) + ["ad"] * len(ads),
            "topic": [*topics[0], *["company"] * len(ads)],
            "funnel_phase": ["consideration"] * len(webinars) + ["awareness"] * len(ads),
            "path": [*("/webinars/" + topics[0] + "-" + topics[1]), *[None] * len(ads)],
        }
    )
    assets = pd.concat([listed, made], ignore_index=True).rename(columns={"name": "content_name"})
    assets["content_id"] = draw.labels("C", assets.index.to_numpy() + 1, 4)
    assets["path"] = assets["path"].astype(object).where(assets["path"].notna(), None)
    numbers = pd.Series(NONE, index=campaigns.index)
    numbers[[*webinars.index, *ads.index]] = len(listed) + np.arange(len(made))
    return campaigns.assign(asset=numbers), assets

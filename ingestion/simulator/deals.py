"""What leads buy: opportunities with their buying groups, stages and amounts, then invoices, renewals and churn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ingestion.simulator import company, decisions, draw
from ingestion.simulator.books import rates_for
from ingestion.simulator.clock import DAY, DAYS_PER_MONTH, History, days, in_office_hours, local_dates
from ingestion.simulator.mess import Mess
from ingestion.simulator.stages import draw_routes, walk


@dataclass(frozen=True)
class Deals:
    """All deals as far as they are known at as-of; the frames speak of leads, accounts and reps by number.

    opportunities: one row per deal, numbered from 0. changes: one row per deal and change of its stage or amount.
    contacts: one row per deal and person. log: one row per deal and stay in a stage, until the deal is closed, be that
    after as-of. won_baseline: the log odds that the average first deal is won.
    """

    opportunities: pd.DataFrame
    changes: pd.DataFrame
    contacts: pd.DataFrame
    log: pd.DataFrame
    won_baseline: float = np.nan


def simulate(
    rng: np.random.Generator,
    history: History,
    people: pd.DataFrame,
    users: pd.DataFrame,
    visits: pd.DataFrame,
    rate_on: pd.DataFrame,
    mess: Mess,
) -> Deals:
    """The deals that leads open, then, round by round, the expansions and renewals of those won."""
    rounds = []
    opened = _first_deals(rng, history, people, visits, mess)
    while len(opened):
        rounds.append(_run(rng, history, opened, people, users, rate_on))
        opened = _follow_ups(rng, history, rounds[-1].opportunities, users)
    return _joined(rounds)


def invoices(rng: np.random.Generator, history: History, deals: Deals) -> pd.DataFrame:
    """One row per won deal and month of its contract so far: entity `customer_revenue`, with the deal's number alone.

    Invoices go out on the first day of each month after the signature.
    """
    won = deals.opportunities[deals.opportunities["is_won"]]
    numbers = np.repeat(won.index.to_numpy(), won["contract_months"])
    month = pd.Series(numbers).groupby(numbers).cumcount().to_numpy() + 1
    contract = won.loc[numbers]
    revenue_month = local_dates(contract["closed_at"].to_numpy()).astype("datetime64[M]") + month
    margin = draw.attributes(contract["product"], company.PRODUCTS, "gross_margin_rate")
    margin = (margin + rng.normal(0.0, 0.02, len(contract))).round(3)
    # The bookkeeper has not worked out every margin yet.
    margin[draw.chance(rng, company.MARGIN_UNKNOWN_SHARE, len(contract))] = np.nan
    rows = pd.DataFrame(
        {
            "opportunity": numbers,
            "revenue_date": revenue_month.astype("datetime64[D]"),
            "amount_local": (contract["amount_local"] / contract["contract_months"]).to_numpy().round(2),
            "gross_margin_rate": margin,
        }
    )
    return rows[rows["revenue_date"] <= history.last_day].reset_index(drop=True)


def churn(history: History, deals: Deals) -> pd.Series:
    """When the contract of an account ran out without renewal, by account number."""
    opportunities = deals.opportunities
    ends_at = _contract_ends_at(opportunities).where(opportunities["is_won"])
    covered_until = ends_at.groupby(opportunities["account"]).max()
    refused = opportunities.loc[(opportunities["opportunity_type"] == "renewal") & opportunities["is_lost"], "account"]
    return covered_until[covered_until.index.isin(refused) & (covered_until <= history.as_of)]


def _first_deals(
    rng: np.random.Generator, history: History, people: pd.DataFrame, visits: pd.DataFrame, mess: Mess
) -> pd.DataFrame:
    opening = visits[visits["stage"] == "opportunity"]
    count = len(opening)
    # A deal is seldom opened in the very second in which the person's stage is changed.
    skew = days(rng.normal(0.0, company.OPENING_SKEW_MINUTES / 1440, count))
    known = ["account", "market", "segment", "product", "executive"]
    opened = people.loc[opening["lead"], [*known, "created_at"]].rename_axis("lead").reset_index()
    created_at = np.minimum(opening["changed_at"].to_numpy() + skew, history.as_of)
    currency = opened["market"].map(company.CURRENCY_OF_MARKET)
    return opened.assign(
        created_at=np.maximum(created_at, opened["created_at"].to_numpy()),
        opportunity_type="new",
        currency=currency.where(draw.chance(rng, mess.other_currencies, count), "EUR"),
        amount=_contract_values(rng, opened["product"], opened["segment"]),
    )


def _follow_ups(
    rng: np.random.Generator, history: History, opportunities: pd.DataFrame, users: pd.DataFrame
) -> pd.DataFrame:
    """The deals that those won bring: an expansion of some new customers, a renewal whenever a contract ends."""
    won = opportunities[opportunities["is_won"]]
    renewing = won[won["opportunity_type"] != "expansion"]
    renewals = renewing.assign(
        opportunity_type="renewal",
        created_at=_contract_ends_at(renewing) - company.RENEWAL_NOTICE_DAYS * DAY,
        amount=renewing["amount"] * company.RENEWAL_VALUE_FACTOR,
    )
    expanding = won[won["opportunity_type"] == "new"]
    expanding = expanding[draw.chance(rng, company.EXPANSION_SHARE, len(expanding))]
    product = draw.pick(rng, {name: entry.share for name, entry in company.PRODUCTS.items()}, len(expanding))
    expansions = expanding.assign(
        opportunity_type="expansion",
        created_at=expanding["closed_at"] + days(draw.leg_days(rng, company.EXPANSION_LEG, len(expanding))),
        product=product,
        amount=_contract_values(rng, product, expanding["segment"]) * company.EXPANSION_VALUE_FACTOR,
    )
    opened = pd.concat([renewals, expansions], ignore_index=True)
    calendars = users["calendar"].to_numpy()[opened["executive"]]
    opened["created_at"] = in_office_hours(opened["created_at"].to_numpy(), calendars, rng)
    return opened[opened["created_at"] <= history.as_of].reset_index(drop=True)


def _run(
    rng: np.random.Generator,
    history: History,
    opened: pd.DataFrame,
    people: pd.DataFrame,
    users: pd.DataFrame,
    rate_on: pd.DataFrame,
) -> Deals:
    """Gather the people, decide who wins, and let the deals go their way until as-of."""
    contacts = _buying_groups(rng, opened, people)
    group_size = contacts.groupby("opportunity").size().to_numpy()
    probability, won_baseline = _won_probability(opened, people, group_size)
    outcome = np.where(rng.random(len(opened)) < probability, "won", "lost")
    routes = draw_routes(rng, outcome, company.OPPORTUNITY_ROUTES)
    slowness = opened["segment"].map(company.SEGMENT_SLOWNESS).to_numpy()
    slowness = slowness * np.where(opened["opportunity_type"] == "renewal", company.RENEWAL_SLOWNESS, 1.0)
    calendars = users["calendar"].to_numpy()[opened["executive"]]

    def settle(stage: str, travellers: np.ndarray, moments: np.ndarray) -> np.ndarray:
        return in_office_hours(moments, calendars[travellers], rng)

    def stay_days(leg: tuple[str, str], travellers: np.ndarray) -> np.ndarray:
        return draw.leg_days(rng, company.OPPORTUNITY_LEGS[leg], len(travellers)) * slowness[travellers]

    created_at = opened["created_at"].to_numpy()
    log = walk("opportunity", created_at, routes, company.OPPORTUNITY_LEGS, stay_days, settle)
    log = log.rename(columns={"traveller": "opportunity"})
    changes = log[log["changed_at"] <= history.as_of]
    changes = _with_amounts(rng, history, changes, opened, rate_on)
    expected = _expected_close_dates(rng, created_at, slowness)
    latest = changes.groupby("opportunity").last()
    is_closed = latest["stage"].isin(("won", "lost"))
    is_lost = latest["stage"] == "lost"
    reason = draw.pick(rng, company.LOST_REASONS, len(opened))
    opportunities = opened.assign(
        won_probability=probability,
        stage=latest["stage"],
        amount_local=latest["amount_local"],
        closed_at=latest["changed_at"].where(is_closed),
        is_closed=is_closed,
        is_won=latest["stage"] == "won",
        is_lost=is_lost,
        lost_reason=np.where(is_lost, reason, None),
        contract_months=draw.attributes(opened["segment"], company.SEGMENTS, "contract_months"),
        first_expected_close_date=expected,
        expected_close_date=_put_off(rng, history, expected, is_closed.to_numpy()),
    )
    return Deals(opportunities, changes, contacts, log, won_baseline)


def _won_probability(opened: pd.DataFrame, people: pd.DataFrame, group_size: np.ndarray) -> tuple[np.ndarray, float]:
    """How likely each deal is won, and, of first deals, the baseline of the log odds."""
    if (opened["opportunity_type"] == "new").all():
        log_odds = decisions.log_odds(people.iloc[opened["lead"]], "won")
        log_odds = log_odds + (group_size - 1) * np.log(company.CONTACT_ODDS)
        baseline = draw.baseline(log_odds, company.CONVERSION_RATES.won)
        return draw.probabilities(baseline + log_odds), baseline
    renewal_rate = draw.attributes(opened["segment"], company.SEGMENTS, "renewal_rate")
    return np.where(opened["opportunity_type"] == "renewal", renewal_rate, company.EXPANSION_WON_RATE), np.nan


def _buying_groups(rng: np.random.Generator, opened: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """One row per deal and person: opportunity, lead, is_primary; colleagues whom the CRM knew when the deal began."""
    deals = opened[["account", "lead", "created_at"]].rename_axis("opportunity").reset_index()
    largest = draw.attributes(opened["segment"], company.SEGMENTS, "largest_buying_group")
    wanted = rng.integers(1, largest + 1)
    candidates = people[["account", "created_at"]].rename_axis("lead").reset_index()
    candidates = candidates[candidates["account"].isin(deals["account"])]
    group = deals.merge(candidates, on="account", suffixes=("", "_of_person"))
    group["is_primary"] = group["lead"] == group["lead_of_person"]
    group = group[group["is_primary"] | (group["created_at_of_person"] <= group["created_at"])]
    # The primary person comes first, the others in any order.
    group = group.assign(lot=np.where(group["is_primary"], -1.0, rng.random(len(group))))
    group = group.sort_values(["opportunity", "lot"], kind="stable")
    is_invited = group.groupby("opportunity").cumcount() < wanted[group["opportunity"]]
    invited = group.loc[is_invited, ["opportunity", "lead_of_person", "is_primary"]]
    return invited.rename(columns={"lead_of_person": "lead"}).reset_index(drop=True)


def _contract_values(rng: np.random.Generator, products: pd.Series, segments: pd.Series) -> np.ndarray:
    """Values of contracts in EUR."""
    medians = [
        company.PRODUCTS[product].contract_value[segment] for product, segment in zip(products, segments, strict=True)
    ]
    return np.array(medians) * draw.lognormal(rng, 1.0, company.CONTRACT_VALUE_SPREAD, len(medians))


def _with_amounts(
    rng: np.random.Generator, history: History, changes: pd.DataFrame, opened: pd.DataFrame, rate_on: pd.DataFrame
) -> pd.DataFrame:
    """The changes with amount_local and currency, and some more where only the amount was revised."""
    is_open = ~changes["stage"].isin(("won", "lost"))
    revised = changes[is_open & draw.chance(rng, company.AMOUNT_REVISION_SHARE, len(changes))]
    until = revised["left_at"].fillna(history.as_of).clip(upper=history.as_of)
    halfway = revised["changed_at"] + ((until - revised["changed_at"]) / 2).dt.floor("s")
    changes = pd.concat([changes.assign(is_revision=False), revised.assign(changed_at=halfway, is_revision=True)])
    changes = changes.sort_values(["opportunity", "step", "is_revision"], ignore_index=True)
    factor = np.ones(len(changes))
    for stage, (median, spread) in company.AMOUNT_FACTORS.items():
        entered = np.flatnonzero((changes["stage"] == stage) & ~changes["is_revision"])
        factor[entered] = draw.lognormal(rng, median, spread, entered.size)
    revisions = np.flatnonzero(changes["is_revision"])
    factor[revisions] = draw.lognormal(rng, 1.0, company.AMOUNT_REVISION_SPREAD, revisions.size)
    deal = opened.loc[changes["opportunity"]]
    amount = deal["amount"].to_numpy() * pd.Series(factor).groupby(changes["opportunity"]).cumprod()
    rate = rates_for(rate_on, local_dates(deal["created_at"].to_numpy()), deal["currency"])
    return changes.assign(amount_local=(amount / rate).round(-2), currency=deal["currency"].to_numpy())


def _expected_close_dates(rng: np.random.Generator, created_at: np.ndarray, slowness: np.ndarray) -> np.ndarray:
    """What the rep guesses at the beginning."""
    cycle = draw.lognormal(rng, company.EXPECTED_CYCLE_DAYS, 0.35, len(slowness)) * slowness
    return local_dates(created_at + days(cycle))


def _put_off(rng: np.random.Generator, history: History, guessed: np.ndarray, is_closed: np.ndarray) -> np.ndarray:
    """The guesses, most of those that have passed put off."""
    put_off_to = history.last_day + rng.integers(5, 60, len(guessed)).astype("timedelta64[D]")
    is_put_off = ~is_closed & (guessed <= history.last_day) & draw.chance(rng, 0.7, len(guessed))
    return np.where(is_put_off, put_off_to, guessed)


def _contract_ends_at(opportunities: pd.DataFrame) -> pd.Series:
    return opportunities["closed_at"] + days(opportunities["contract_months"] * DAYS_PER_MONTH)


def _joined(rounds: list[Deals]) -> Deals:
    """The rounds as one, numbered anew; what a customer opens is an expansion even if a new person opens it."""
    opportunities = pd.concat([deals.opportunities for deals in rounds], ignore_index=True)
    customer_since = opportunities["closed_at"].where(opportunities["is_won"]).groupby(opportunities["account"]).min()
    is_customer = opportunities["account"].map(customer_since) < opportunities["created_at"]
    is_expansion = is_customer & (opportunities["opportunity_type"] == "new")
    opportunities["opportunity_type"] = opportunities["opportunity_type"].mask(is_expansion, "expansion")
    changes, contacts, log, earlier = [], [], [], 0
    for deals in rounds:
        changes.append(deals.changes.assign(opportunity=deals.changes["opportunity"] + earlier))
        contacts.append(deals.contacts.assign(opportunity=deals.contacts["opportunity"] + earlier))
        log.append(deals.log.assign(opportunity=deals.log["opportunity"] + earlier))
        earlier += len(deals.opportunities)
    return Deals(
        opportunities,
        *(pd.concat(parts, ignore_index=True) for parts in (changes, contacts, log)),
        won_baseline=rounds[0].won_baseline,
    )

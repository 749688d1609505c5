"""The accountant's tables: exchange rates and monthly costs, targets and the price list."""

import numpy as np
import pandas as pd

from ingestion.simulator import company
from ingestion.simulator.clock import History, arrival_weights, to_local


def exchange_rates(history: History, rng: np.random.Generator) -> pd.DataFrame:
    """EUR per unit, by local date and currency, EUR included; a random walk that rests at weekends."""
    is_trading = np.is_busday(history.days)
    rates = pd.DataFrame({"EUR": 1.0}, index=pd.Index(history.days, name="date"))
    for currency, (first_rate, daily_spread) in company.EXCHANGE_RATES.items():
        steps = rng.normal(0.0, daily_spread, len(history.days)) * is_trading
        rates[currency] = (first_rate * np.exp(steps.cumsum())).round(6)
    return rates.rename_axis(columns="currency")


def rates_for(rate_on: pd.DataFrame, dates: np.ndarray, currencies: pd.Series) -> np.ndarray:
    """EUR per unit on each date in each currency."""
    return rate_on.to_numpy()[rate_on.index.get_indexer(dates), rate_on.columns.get_indexer(currencies)]


def rate_rows(rate_on: pd.DataFrame) -> pd.DataFrame:
    """Entity `fx_rates_daily`: every currency but the reporting one."""
    rates = rate_on.drop(columns="EUR").stack().rename("rate_to_reporting").reset_index()
    return rates.sort_values(["currency", "date"], ignore_index=True)


def product_rows() -> pd.DataFrame:
    """Entity `products`: the list price is that of a company of middle size."""
    return pd.DataFrame(
        [
            {
                "product": name,
                "product_family": name.split()[0],
                "list_price_amount_local": float(product.contract_value["Mid-market"]),
                "currency": "EUR",
                "gross_margin_rate": product.gross_margin_rate,
                "is_active": True,
            }
            for name, product in company.PRODUCTS.items()
        ]
    )


def target_rows(history: History, lead_count: int) -> pd.DataFrame:
    """Entity `targets`: net new leads per month, of all channels and of each, somewhat more than will come."""
    hours, weights = arrival_weights(history)
    months = pd.Series(to_local(hours).astype("datetime64[M]").astype("datetime64[D]"))
    leads = pd.Series(weights * lead_count * company.TARGET_STRETCH).groupby(months.to_numpy()).sum()
    shares = {None: 1.0} | {name: channel.lead_share for name, channel in company.CHANNELS.items()}
    return pd.DataFrame(
        [
            {
                "month_start_date": month,
                "kpi": "net_new_leads",
                "dimension": "channel" if channel else None,
                "dimension_value": channel,
                "target": round(count * share, 1),
            }
            for month, count in leads.items()
            for channel, share in shares.items()
        ]
    )


def cost_rows(history: History, lead_count: int, users: pd.DataFrame, media: pd.DataFrame) -> pd.DataFrame:
    """Entity `costs_monthly`, for the months that are over: people, tools, agencies, events, and the media bill."""
    months = history.month_starts[history.month_starts < history.last_day.astype("datetime64[M]")]
    costs = []
    for month_number, month in enumerate(months):
        growth = np.exp(company.MONTHLY_GROWTH_RATE / 2 * month_number)
        for team in company.TEAMS:
            heads = ((users["team"] == team.name) & (users["market"] == team.market)).sum()
            for phase, share in company.PHASES_OF_TEAM[team.name].items():
                department = "marketing" if team.name == "Marketing" else "sales"
                cost = team.monthly_cost * heads * share
                costs.append((month, department, "people", phase, cost, team.cost_currency))
        for bill in company.MONTHLY_COSTS:
            amount = bill.amount * lead_count / 1000 * growth
            costs.append((month, bill.team, bill.cost_type, bill.phase, amount, bill.currency))
    columns = ["month_start_date", "team", "cost_type", "phase", "amount_local", "currency"]
    ledger = media.assign(
        month_start_date=media["date"].to_numpy().astype("datetime64[M]").astype("datetime64[D]"),
        team="marketing",
        cost_type="media",
        phase="acquire",
        amount_local=media["cost_amount_local"] * (1 + company.MEDIA_FEE_RATE),
    )
    rows = pd.concat([pd.DataFrame(costs, columns=columns), ledger[ledger["month_start_date"].isin(months)][columns]])
    rows = rows.groupby([*columns[:4], "currency"], as_index=False)["amount_local"].sum()
    return rows.assign(amount_local=rows["amount_local"].round(2))

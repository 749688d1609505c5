"""What the company's systems record: entities of the input contract, with the gaps and spellings of real ones."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, deals, draw, words
from ingestion.simulator.world import World


def account_rows(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """Entity `accounts`."""
    churned_at = deals.churn(world.history, world.deals)
    return world.accounts.drop(columns="market").assign(
        country=_as_spelled(rng, world.accounts["country"].to_numpy(), world.mess.country_spellings),
        churned_at=churned_at.reindex(world.accounts.index),
    )


def lead_rows(rng: np.random.Generator, world: World, owners: pd.DataFrame) -> pd.DataFrame:
    """Entity `leads` with the contact columns; `owners` are those of `journeys.owner_changes`."""
    people = world.people
    columns = ["lead_id", "job_title", "job_function", "seniority", "persona", "language", "lead_source", "created_at"]
    owner = owners.groupby("lead")["owner"].last().reindex(people.index)
    is_unknown = draw.chance(rng, company.PRODUCT_INTEREST_UNKNOWN_SHARE, len(people))
    return people[[*columns, "full_name", "email", "phone", "company_name"]].assign(
        account_id=_linked_account_ids(rng, world),
        country=_as_spelled(rng, people["country"].to_numpy(), world.mess.country_spellings),
        job_title=_titles_as_written(rng, people["job_title"], world.mess.title_spellings),
        product_interest=people["product"].mask(is_unknown),
        owner_id=owner.map(world.users["user_id"]),
        created_at_precision="second",
    )


def lead_stage_rows(world: World) -> pd.DataFrame:
    """Entity `lead_stage_changes`; nobody in person makes a lead or an MQL."""
    visits = world.stage_visits
    lead = world.people.loc[visits["lead"]].reset_index(drop=True)
    rep = lead["executive"].where(visits["stage"] == "opportunity", lead["sdr"])
    return pd.DataFrame(
        {
            "lead_id": lead["lead_id"],
            "stage": visits["stage"],
            "changed_at": visits["changed_at"],
            "changed_at_precision": "second",
            "changed_by": rep.map(world.users["user_id"]).mask(visits["stage"].isin(("lead", "mql"))),
            "reason": visits["reason"],
        }
    )


def lead_owner_rows(world: World, owners: pd.DataFrame) -> pd.DataFrame:
    """Entity `lead_owner_changes`; `owners` are those of `journeys.owner_changes`."""
    return pd.DataFrame(
        {
            "lead_id": owners["lead"].map(world.people["lead_id"]),
            "owner_id": owners["owner"].map(world.users["user_id"]),
            "changed_at": owners["changed_at"],
        }
    )


def opportunity_rows(world: World) -> pd.DataFrame:
    """Entity `opportunities`."""
    sold = world.deals.opportunities
    known = ["product", "opportunity_type", "created_at", "expected_close_date", "closed_at", "is_won", "is_closed"]
    return sold[[*known, "amount_local", "currency", "lost_reason", "stage"]].assign(
        opportunity_id=_opportunity_ids(sold.index),
        account_id=sold["account"].map(world.accounts["account_id"]),
        owner_id=sold["executive"].map(world.users["user_id"]),
        created_at_precision="second",
        closed_at_precision=np.where(sold["is_closed"], "second", None),
    )


def opportunity_stage_rows(world: World) -> pd.DataFrame:
    """Entity `opportunity_stage_changes`."""
    changes = world.deals.changes
    return changes[["stage", "changed_at", "amount_local", "currency"]].assign(
        opportunity_id=_opportunity_ids(changes["opportunity"]), changed_at_precision="second"
    )


def opportunity_contact_rows(world: World) -> pd.DataFrame:
    """Entity `opportunity_contacts`."""
    contacts = world.deals.contacts
    person = world.people.loc[contacts["lead"]]
    return pd.DataFrame(
        {
            "opportunity_id": _opportunity_ids(contacts["opportunity"]),
            "lead_id": person["lead_id"].to_numpy(),
            "role": person["persona"].map(company.ROLE_OF_PERSONA).to_numpy(),
            "is_primary": contacts["is_primary"],
        }
    )


def revenue_rows(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """Entity `customer_revenue`."""
    invoices = deals.invoices(rng, world.history, world.deals)
    contract = world.deals.opportunities.loc[invoices["opportunity"]].reset_index(drop=True)
    return invoices.assign(
        opportunity_id=_opportunity_ids(invoices["opportunity"]),
        account_id=contract["account"].map(world.accounts["account_id"]),
        currency=contract["currency"],
        product=contract["product"],
    ).drop(columns="opportunity")


def _linked_account_ids(rng: np.random.Generator, world: World) -> pd.Series:
    """The account of each lead; some of those whom sales never saw have not been tied to theirs."""
    people = world.people
    is_private = people["email"].str.rsplit("@").str[-1].isin(company.FREE_MAIL_DOMAINS)
    unlinked_share = np.where(is_private, company.UNLINKED_SHARE_OF_FREE_MAIL, company.UNLINKED_SHARE)
    is_seen_by_sales = people.index.isin(world.stage_visits.loc[world.stage_visits["stage"].ne("lead"), "lead"])
    is_unlinked = draw.chance(rng, unlinked_share, len(people)) & ~is_seen_by_sales
    is_unlinked &= ~people.index.isin(world.deals.contacts["lead"])
    return people["account"].map(world.accounts["account_id"]).mask(is_unlinked)


def _as_spelled(rng: np.random.Generator, countries: np.ndarray, share: float) -> np.ndarray:
    spelled = draw.pick_by(rng, countries, company.COUNTRY_SPELLINGS)
    return np.where(draw.chance(rng, share, len(countries)), spelled, countries)


def _titles_as_written(rng: np.random.Generator, titles: pd.Series, share: float) -> pd.Series:
    """Titles, some of them shouted, whispered, turned round (`IT Head`, `Head, IT`) or shortened."""
    written = pd.DataFrame(
        {
            "shouted": titles.str.upper(),
            "whispered": titles.str.lower(),
            "turned": titles.str.replace(r"^(\w+) of (.+)$", r"\2 \1", regex=True),
            "listed": titles.str.replace(r"^(\w+) of (.+)$", r"\1, \2", regex=True),
            "short": titles.replace(words.SHORT_TITLES),
        }
    ).to_numpy()
    way = rng.integers(written.shape[1], size=len(titles))
    return titles.where(~draw.chance(rng, share, len(titles)), written[np.arange(len(titles)), way])


def _opportunity_ids(numbers: pd.Index | pd.Series) -> np.ndarray:
    return draw.labels("O", np.asarray(numbers) + 1, 5)

"""What none of the company's systems records, as its people keep it: files for the `files` source.

Records of the systems are named as the warehouse knows them (`salesforce:…`, `hubspot:…`, `marketo:…`).
"""

from datetime import datetime

import numpy as np
import pandas as pd

from ingestion.contract import entities
from ingestion.simulator import systems
from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.systems import FILES, MARKETO, SALESFORCE, Setup


def filed(story: Chronicle, setup: Setup, as_of: datetime) -> dict[str, pd.DataFrame]:
    """The entities of the files and `activities`, in columns of the input contract, as they stand at `as_of`."""
    known = {name: story.known(name, as_of) for name in systems.FILED_ENTITIES}
    advertised = systems.advertised_campaigns(story)
    crm = crm_of_records(story, setup)
    campaigns = system_of_campaigns(story, setup)
    done = systems.activities(story, setup)
    done = done[(done["system"] == FILES) & (done["known_at"] <= np.datetime64(as_of, "us"))]
    rows = known | {
        "campaign_spend_daily": _named(_others(known["campaign_spend_daily"], advertised), {"campaign_id": campaigns}),
        "campaign_aliases": _named(_others(known["campaign_aliases"], advertised), {"campaign_id": campaigns}),
        "customer_revenue": _named(known["customer_revenue"], {"account_id": crm, "opportunity_id": crm}),
        # E-mails are written, and hence recorded, where they are sent.
        "content": known["content"][known["content"]["content_type"] != "email"],
        "experiments": _experiments(known["experiments"], as_of),
        "experiment_assignments": _named(known["experiment_assignments"], {"unit_id": crm}),
        "activities": _activities(done, crm, campaigns),
    }
    return {name: frame[_columns(name, frame)].reset_index(drop=True) for name, frame in rows.items()}


def crm_of_records(story: Chronicle, setup: Setup) -> pd.Series:
    """The CRM of each person, company and deal, by our own id."""
    keys = {"leads": "lead_id", "accounts": "account_id", "opportunities": "opportunity_id"}
    markets = [story.entities[name].set_index(key)["market"] for name, key in keys.items()]
    return setup.crm(pd.concat(markets))


def system_of_campaigns(story: Chronicle, setup: Setup) -> pd.Series:
    """The system in which a spreadsheet finds each campaign, by our own id: of two CRMs, that of the home market."""
    copies = systems.campaigns(story, setup)
    is_abroad = ~copies["system"].isin((SALESFORCE, MARKETO))
    return (
        copies.assign(is_abroad=is_abroad)
        .sort_values("is_abroad")
        .drop_duplicates("campaign_id")
        .set_index("campaign_id")["system"]
    )


def _others(rows: pd.DataFrame, advertised: pd.Index) -> pd.DataFrame:
    """Rows of campaigns that no ad platform reports of itself."""
    return rows[~rows["campaign_id"].isin(advertised)]


def _named(rows: pd.DataFrame, system_of: dict[str, pd.Series]) -> pd.DataFrame:
    """The rows with the ids of those columns as the warehouse knows them; `system_of` is by our own id."""
    ids = {
        column: systems.warehouse_ids(rows[column], rows[column].map(system)) for column, system in system_of.items()
    }
    return rows.assign(**ids)


def _activities(done: pd.DataFrame, crm: pd.Series, campaigns: pd.Series) -> pd.DataFrame:
    of_person = done["lead_id"].map(crm)
    named = _named(done, {"campaign_id": campaigns, "account_id": crm, "lead_id": crm})
    return named.assign(user_id=systems.warehouse_ids(done["user_id"], of_person))


def _experiments(experiments: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Experiments that are still running know neither their end nor what was learnt."""
    is_over = experiments["ended_at"] <= np.datetime64(as_of, "us")
    return experiments.assign(
        ended_at=experiments["ended_at"].where(is_over),
        status=np.where(is_over, "finished", "running"),
        learning=experiments["learning"].astype(object).where(is_over, None),
    )


def _columns(name: str, rows: pd.DataFrame) -> list[str]:
    return [column for column in entities()[name].column_names if column in rows]

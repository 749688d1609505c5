"""What activities happen in: everything that was simulated before them."""

from dataclasses import dataclass

import pandas as pd

from ingestion.simulator.clock import History
from ingestion.simulator.deals import Deals
from ingestion.simulator.marketing import Marketing


@dataclass(frozen=True)
class World:
    """The company before anybody does anything; `stage_visits` are those of leads, see `journeys.stage_visits`.

    The modules website, mailings, encounters and sales return rows of activities in one loose shape: lead (a number,
    or NONE), activity_type, occurred_at, actor (person, automation, rep) and whatever else they know.
    """

    history: History
    people: pd.DataFrame
    accounts: pd.DataFrame
    users: pd.DataFrame
    marketing: Marketing
    stage_visits: pd.DataFrame
    deals: Deals

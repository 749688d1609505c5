"""What activities happen in: everything that was simulated before them."""

from dataclasses import dataclass

import pandas as pd

from ingestion.simulator.clock import History
from ingestion.simulator.deals import Deals
from ingestion.simulator.decisions import Progress
from ingestion.simulator.marketing import Marketing
from ingestion.simulator.mess import Mess


@dataclass(frozen=True)
class Scene:
    """The company before anybody does anything."""

    history: History
    mess: Mess
    people: pd.DataFrame
    accounts: pd.DataFrame
    users: pd.DataFrame
    marketing: Marketing


@dataclass(frozen=True)
class Encounters:
    """What people come across whatever stage they are in; what depends on their stage comes later.

    visits: see `website`, those before and after a person became known; making: those that made them known. mails: see
    `mailings.first_mails`. met: activities away from website and mailbox, see `encounters`.
    """

    visits: pd.DataFrame
    making: pd.DataFrame
    mails: pd.DataFrame
    met: pd.DataFrame


@dataclass(frozen=True)
class World(Scene):
    """The company and what becomes of its leads; `stage_log` goes on after as-of, `stage_visits` ends there.

    The modules website, mailings, encounters and sales return rows of activities in one loose shape: lead (a number,
    or NONE), activity_type, occurred_at, actor (person, automation, rep) and whatever else they know.
    """

    encounters: Encounters
    progress: Progress
    stage_log: pd.DataFrame
    stage_visits: pd.DataFrame
    deals: Deals

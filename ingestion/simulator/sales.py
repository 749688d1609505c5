"""The work of the reps: answering hand-overs, following up, and carrying deals."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.clock import DAY, HOUR, MINUTE, days, in_office_hours
from ingestion.simulator.world import World

LONGEST_PURSUIT = 15 * DAY


def rows(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """Activities with `user` (number of the rep), and the answers of the people they write to."""
    work = pd.concat([_on_handovers(rng, world), _on_deals(rng, world)], ignore_index=True)
    is_call = (work["activity_type"] == "call").to_numpy()
    outcome = np.where(is_call, draw.pick(rng, company.CALL_OUTCOMES, len(work)), None)
    outcome[work["activity_type"] == "meeting_held"] = "held"
    # Now and then it is the customer who rings.
    is_inbound = is_call & draw.chance(rng, company.INBOUND_CALL_SHARE, len(work))
    work = work.assign(actor=np.where(is_inbound, "person", "rep"), outcome=np.where(is_inbound, "connected", outcome))
    return pd.concat([work, _replies(rng, work)], ignore_index=True)


def _on_handovers(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """The first answer to each hand-over, follow-ups while the stay lasts, and the meeting that makes it an SQL."""
    stays = world.stage_visits
    is_before_sql = (stays["stage"].shift(-1) == "sql") & stays["left_at"].notna()
    stays = stays.assign(is_before_sql=is_before_sql, sdr=world.people["sdr"].to_numpy()[stays["lead"]])
    stays = stays[stays["answered_at"].notna()]
    left_at = stays["left_at"].fillna(world.history.as_of)
    held_at = left_at - 30 * MINUTE
    met = stays[stays["is_before_sql"] & (held_at > stays["answered_at"])]
    held_at = held_at[met.index]
    booked_at = met["answered_at"] + days((held_at - met["answered_at"]) / DAY * rng.random(len(met)))
    pursued = stays.loc[np.repeat(stays.index, rng.poisson(company.FOLLOW_UPS_PER_HANDOVER, len(stays)))]
    until = np.minimum(left_at[pursued.index], pursued["answered_at"] + LONGEST_PURSUIT)
    return pd.concat(
        [
            _work(stays, "sdr", stays["answered_at"], draw.pick(rng, company.FIRST_ANSWERS, len(stays))),
            _work(
                pursued,
                "sdr",
                _office_moments(rng, world, pursued["sdr"], pursued["answered_at"], until),
                draw.pick(rng, company.SALES_ACTIONS, len(pursued)),
            ),
            _work(met, "sdr", booked_at, "meeting_booked"),
            _work(met, "sdr", held_at, "meeting_held"),
        ],
        ignore_index=True,
    )


def _on_deals(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """What the account executive does with each person of the buying group while the deal is open."""
    deals = world.deals.opportunities[["executive", "created_at", "closed_at"]]
    contacts = world.deals.contacts.join(deals, on="opportunity")
    per_contact = np.where(contacts["is_primary"], company.DEAL_ACTIONS_OF_PRIMARY, company.DEAL_ACTIONS_OF_OTHERS)
    contacts = contacts.loc[np.repeat(contacts.index, rng.poisson(per_contact))]
    until = contacts["closed_at"].fillna(world.history.as_of)
    occurred_at = _office_moments(rng, world, contacts["executive"], contacts["created_at"], until)
    return _work(contacts, "executive", occurred_at, draw.pick(rng, company.DEAL_ACTIONS, len(contacts)))


def _work(of: pd.DataFrame, rep: str, occurred_at: pd.Series, activity_type: str | np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {"lead": of["lead"], "user": of[rep], "occurred_at": occurred_at, "activity_type": activity_type}
    )


def _office_moments(
    rng: np.random.Generator, world: World, reps: pd.Series, first: pd.Series, last: pd.Series
) -> np.ndarray:
    """Any moments between first and last, in the rep's office hours."""
    span = (last - first).to_numpy() / DAY
    calendars = world.users["calendar"].to_numpy()[reps]
    return in_office_hours(first.to_numpy() + days(span * rng.random(len(first))), calendars, rng)


def _replies(rng: np.random.Generator, work: pd.DataFrame) -> pd.DataFrame:
    """Some of the people whom a rep wrote to write back within a day or two."""
    reply_types = {"email_sent": "email_replied", "message_sent": "message_replied"}
    written = work[work["activity_type"].isin(reply_types)]
    replied = written[draw.chance(rng, company.REPLY_TO_REP_RATE, len(written))]
    later = days(rng.exponential(0.6, len(replied))) + HOUR
    return replied.assign(
        activity_type=replied["activity_type"].map(reply_types),
        occurred_at=replied["occurred_at"] + later,
        actor="person",
    )

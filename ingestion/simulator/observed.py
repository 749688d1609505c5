"""What can be seen of a lead by a given moment, by an observer who overlooks nothing; for `ideal`."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, decisions, touches
from ingestion.simulator.clock import DAY, HOUR, NEVER, last_in_office_hours, local_dates, to_utc
from ingestion.simulator.world import World

# The record of a lead is made up to so much before the form that makes it, see `website.making_a_lead`.
LONGEST_LAG = np.timedelta64(1_500, "s")
SECOND = np.timedelta64(1, "s")
REQUESTS = (*company.STRONG_CONVERSIONS, "content_downloaded")


class Events:
    """Events of leads; says how many of a lead's, or how much of their worth, lie before a moment."""

    def __init__(self, lead: np.ndarray, at: np.ndarray, worth: np.ndarray | None = None) -> None:
        keys = self._keys(lead, at)
        order = np.argsort(keys, kind="stable")
        self.keys = keys[order]
        worth = np.ones(len(keys)) if worth is None else np.asarray(worth)[order]
        self.sums = np.concatenate([[0.0], worth.cumsum()])

    def before(self, lead: np.ndarray, at: np.ndarray) -> np.ndarray:
        """The worth of each lead's events before each moment."""
        until = np.searchsorted(self.keys, self._keys(lead, at))
        first = np.searchsorted(self.keys, self._keys(lead, np.zeros_like(at)))
        return self.sums[until] - self.sums[first]

    @staticmethod
    def _keys(lead: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Leads one after the other, each with room for all seconds of three centuries from 1970."""
        return np.asarray(lead).astype(np.int64) * 10**10 + np.asarray(at).astype("datetime64[s]").astype(np.int64)


def snapshots(world: World) -> pd.DataFrame:
    """Who is looked at when, one row per lead and scored_date (local), up to as-of.

    That is the day of creation, and the last day of each month at whose end the lead has no deal and is not
    disqualified. `at` is the end of that day (UTC), but the moment of creation for those who are through by then;
    `opened_at` is when the deal opens one day (NaT: never).
    """
    log, created_at = world.stage_log, world.people["created_at"].to_numpy()
    opened_at, disqualified_at = (
        log[log["stage"] == stage].groupby("lead")["changed_at"].min().reindex(world.people.index).to_numpy()
        for stage in ("opportunity", "disqualified")
    )
    through_at = np.fmin(opened_at, disqualified_at)
    first_date = local_dates(created_at)
    month_ends = world.history.month_starts[1:] - 1
    lead, month = np.nonzero(first_date[:, None] < month_ends)
    rows = pd.DataFrame(
        {
            "lead": np.concatenate([world.people.index, lead]),
            "scored_date": np.concatenate([first_date, month_ends[month]]),
            "is_first": np.repeat([True, False], [len(first_date), len(lead)]),
        }
    )
    end_of_day = to_utc((rows["scored_date"].to_numpy().astype("datetime64[D]") + 1).astype("datetime64[us]"))
    is_through = through_at[rows["lead"]] <= end_of_day
    rows["at"] = np.where(is_through, created_at[rows["lead"]], end_of_day)
    rows["opened_at"] = opened_at[rows["lead"]]
    rows = rows[(rows["is_first"] | ~is_through) & (rows["at"] <= world.history.as_of)]
    return rows.drop(columns="is_first").sort_values(["lead", "scored_date"], ignore_index=True)


def observed(world: World, rows: pd.DataFrame, activities: pd.DataFrame) -> pd.DataFrame:
    """The rows (lead, at) with what was known before `at`; days are counted from creation, hours by the wall clock.

    Stages: stage, path (those since `lead`), entered_at, decided_at (when `lead` was left). Answers: answer_hours
    (from the first hand-over, NaN: none so far), stay_answered_at (in the present stay). What people did:
    asked_strongly (at creation; NaN: they came for something else), requests since (their number, first_request and
    last_request: ages in days; for those in `lead` alone), visits since creation, opened_mails, clicked_mails,
    is_mailed (has not objected). What the lead's rep did in the present stay since the answer: follow_ups, is_booked
    (a meeting). And age, office_at (the last moment before `at` at which the rep's office was open).
    """
    people = world.people
    lead, at = rows["lead"].to_numpy(), rows["at"].to_numpy()
    created_at = people["created_at"].to_numpy()[lead]
    calendars = world.users["calendar"].to_numpy()[people["sdr"].to_numpy()[lead]]
    rows = rows.assign(age=(at - created_at) / DAY, office_at=last_in_office_hours(at, calendars))
    rows = rows.assign(**_stages(world.stage_log, lead, at))

    number = pd.Series(people.index, index=people["lead_id"])
    done = activities[activities["lead_id"].isin(people["lead_id"])]
    done = done.assign(lead=done["lead_id"].map(number).astype(int))
    own_rep = world.users["user_id"].to_numpy()[people["sdr"].to_numpy()[done["lead"]]]
    by_person = done[done["actor"] == "person"]
    by_rep = done[(done["actor"] == "rep") & (done["user_id"] == own_rep)]

    def count(of: pd.DataFrame, *types: str, since: np.ndarray | None = None) -> np.ndarray:
        events = of[of["activity_type"].isin(types)]
        found = Events(events["lead"].to_numpy(), events["occurred_at"].to_numpy())
        return found.before(lead, at) - (0 if since is None else found.before(lead, np.minimum(since, at)))

    answered_at = rows["stay_answered_at"].fillna(rows["at"]).to_numpy() + SECOND
    visits = world.encounters.visits.rename(columns={"started_at": "occurred_at"}).assign(activity_type="visit")
    making = world.encounters.making
    # Whoever came for an e-book or a webinar asked for that.
    making = making[~people["channel"].isin(("content", "webinar")).to_numpy()[making["lead"]]]
    asked = making.set_index("lead")["conversion"].isin(company.STRONG_CONVERSIONS).astype(float)
    return rows.assign(
        asked_strongly=asked.reindex(lead).to_numpy(),
        visits=count(visits, "visit", since=created_at),
        opened_mails=count(by_person, "email_opened"),
        clicked_mails=count(by_person, "email_clicked"),
        is_mailed=count(by_person, "unsubscribed") == 0,
        follow_ups=count(by_rep, *company.SALES_ACTIONS, since=answered_at),
        is_booked=count(by_rep, "meeting_booked", since=answered_at) > 0,
    ).join(_requests(rows, created_at, by_person))


def effects_of_touches(world: World) -> dict[str, Events]:
    """Per step the touches of each lead, worth what they add to its log odds."""
    met = touches.happened(world, world.encounters)
    return {
        step: Events(
            met["lead"].to_numpy(),
            met["at"].to_numpy(),
            met["channel"].map({name: np.log(getattr(odds, step)) for name, odds in company.TOUCH_EFFECTS.items()}),
        )
        for step in decisions.STEPS
    }


def _stages(log: pd.DataFrame, lead: np.ndarray, at: np.ndarray) -> dict[str, np.ndarray]:
    """The present stay of each lead and the way to it."""
    log = log.sort_values(["lead", "step"], ignore_index=True)
    paths: list[tuple[str, ...]] = []
    for step, stage in zip(log["step"], log["stage"], strict=True):
        paths.append((*paths[-1], stage) if step else ())
    first = np.searchsorted(log["lead"].to_numpy(), lead)
    moves = Events(log["lead"].to_numpy(), log["changed_at"].to_numpy()).before(lead, at + SECOND).astype(int) - 1
    changed_at, answered_at = log["changed_at"].to_numpy(), log["answered_at"].to_numpy()
    second = np.minimum(first + 1, len(log) - 1)
    decided_at = np.where(moves > 0, changed_at[second], NEVER)
    handed_over = (moves > 0) & (log["stage"].to_numpy()[second] == "mql") & (answered_at[second] <= at)
    stay = first + moves
    return {
        "stage": log["stage"].to_numpy()[stay],
        "path": pd.Series(paths)[stay].to_numpy(),
        "entered_at": changed_at[stay],
        "decided_at": decided_at,
        "answer_hours": np.where(handed_over, (answered_at[second] - decided_at) / HOUR, np.nan),
        "stay_answered_at": np.where(answered_at[stay] <= at, answered_at[stay], NEVER),
    }


def _requests(rows: pd.DataFrame, created_at: np.ndarray, done: pd.DataFrame) -> pd.DataFrame:
    """What those still in `lead` have asked for since creation."""
    waiting = rows[["lead", "at"]].assign(row=rows.index, since=created_at)[rows["stage"] == "lead"]
    asked = waiting.merge(done.loc[done["activity_type"].isin(REQUESTS), ["lead", "occurred_at"]], on="lead")
    asked = asked[(asked["occurred_at"] > asked["since"] + LONGEST_LAG) & (asked["occurred_at"] < asked["at"])]
    age = ((asked["occurred_at"] - asked["since"]) / DAY).groupby(asked["row"])
    found = pd.DataFrame({"requests": age.size(), "first_request": age.min(), "last_request": age.max()})
    return found.reindex(rows.index).fillna({"requests": 0})

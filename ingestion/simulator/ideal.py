"""How well anybody could foresee who becomes an opportunity: the best scores there can be, from the laws of `company`.

A lead is scored at the end of the local day on which it was created, and at the end of each month while it is open.
The ideal observer knows every law and every trait but `intent`, recognises each visit and its channel, reads the
CRM's history and the reps' work, and knows nothing that happens later. What is hidden is weighed by Bayes' rule: intent
on a grid (it shows in requests, visits and clicks), the moment of the decision, the answer that has not come yet, and
the route and length of the present stay. The chance is what share of that weight has a deal in time.

Simplifications, each too small to be seen in the calibration: office hours between two later stages are met at any
moment of the week alike; touches still to come count with the mean and the variance of what they add to the log odds,
without newsletters and fairs; a late answer does not delay the deals of those who are still to be handed over.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pandas as pd

from ingestion.simulator import company, decisions, draw, mailings, sales, touches
from ingestion.simulator.clock import DAY, HOUR, NEVER, days, last_in_office_hours, local_dates, to_utc
from ingestion.simulator.company import Leg
from ingestion.simulator.website import EARLIEST_REQUEST, LATEST_REQUEST, REQUEST_SPAN
from ingestion.simulator.world import World

HORIZON_DAYS = 90
# The forms by which a lead is made carry the moment of the CRM's record up to so much later.
LONGEST_LAG = np.timedelta64(1_500, "s")
SECOND = np.timedelta64(1, "s")
REQUESTS = (*company.STRONG_CONVERSIONS, "content_downloaded")
STEP_DAYS = 0.25
GRID_DAYS = np.arange(0, HORIZON_DAYS + 5, STEP_DAYS)
ANSWER_CLASSES = 25
REFUSAL_CLASSES = 12
CHUNK = 4_000

_SCORES = np.linspace(-8.0, 8.0, 4_001)
_SHARES = np.array([NormalDist().cdf(score) for score in _SCORES])
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(13)
# Over a week, how long what is decided at any moment waits until an office opens (8 to 17 h, Monday to Friday).
_HOURS = np.arange(0, 168, 0.25)
_OPENINGS = np.array([24 * day + company.OFFICE_OPENS_HOUR for day in (0, 1, 2, 3, 4, 7)])
_WAITS = np.array(
    [
        0.0 if hour < 120 and company.OFFICE_OPENS_HOUR <= hour % 24 < company.OFFICE_CLOSES_HOUR
        else _OPENINGS[_OPENINGS >= hour][0] - hour
        for hour in _HOURS
    ]
)


def table(world: World, activities: pd.DataFrame) -> pd.DataFrame:
    """One row per lead and scored_date: what can be foreseen then.

    lead_id, scored_date (local), scored_until (UTC; only what was before it counts), stage, ideal_probability (of an
    opportunity within HORIZON_DAYS), full_knowledge_probability (the same for who sees `intent` too) and
    is_opportunity (what became of it, be that after as-of). `activities` are the entity's rows, by the `lead_id` of
    `world.people`.
    """
    rows, effects = _observed(world, _snapshots(world), activities)
    laws = Laws(world, effects, _answer_hours(world))
    hidden = np.broadcast_to(_NODES, (len(rows), len(_NODES)))
    evidence = _evidence_of_intent(world, rows, hidden) + np.log(_WEIGHTS)
    known = world.people["intent"].to_numpy()[rows["lead"], None]
    return pd.DataFrame(
        {
            "lead_id": world.people["lead_id"].to_numpy()[rows["lead"]],
            "scored_date": rows["scored_date"],
            "scored_until": rows["at"],
            "stage": rows["stage"],
            "ideal_probability": _chances(laws, rows, hidden, evidence),
            "full_knowledge_probability": _chances(laws, rows, known, np.zeros_like(known)),
            "is_opportunity": rows["opened_at"] <= rows["at"] + days(HORIZON_DAYS),
        }
    )


# ---------------------------------------------------------------------------------------------------------------------
# What is seen


class Events:
    """Events of leads; how many of a lead's, or how much of their worth, lie before a moment."""

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


def _snapshots(world: World) -> pd.DataFrame:
    """Who is scored when: lead, scored_date, at (UTC), and opened_at (the deal's moment, NaT: never)."""
    log, created_at = world.stage_log, world.people["created_at"].to_numpy()
    ends = {
        stage: log[log["stage"] == stage].groupby("lead")["changed_at"].min().reindex(world.people.index).to_numpy()
        for stage in ("opportunity", "disqualified")
    }
    closed_at = np.fmin(ends["opportunity"], ends["disqualified"])
    first_date = local_dates(created_at)
    month_ends = world.history.month_starts[1:] - 1
    lead, month = np.nonzero(first_date[:, None] < month_ends)
    everyone = np.arange(len(created_at))
    rows = pd.DataFrame(
        {
            "lead": np.concatenate([everyone, lead]),
            "scored_date": np.concatenate([first_date, month_ends[month]]),
            "is_first": np.repeat([True, False], [len(everyone), len(lead)]),
        }
    )
    at = to_utc((rows["scored_date"].to_numpy().astype("datetime64[D]") + 1).astype("datetime64[us]"))
    is_over = closed_at[rows["lead"]] <= at
    # Who is through on the first day is scored in the moment of creation.
    rows["at"] = np.where(rows["is_first"] & is_over, created_at[rows["lead"]], at)
    rows["opened_at"] = ends["opportunity"][rows["lead"]]
    rows = rows[(rows["is_first"] | ~is_over) & (rows["at"] <= world.history.as_of)]
    return rows.sort_values(["lead", "scored_date"], ignore_index=True)


def _observed(world: World, rows: pd.DataFrame, activities: pd.DataFrame) -> tuple[pd.DataFrame, Events]:
    """The rows with what the observer sees of each: stages, answers, touches, requests, visits, mails, reps' work.

    And what the touches do to the log odds of `mql`.
    """
    people, log = world.people, world.stage_log
    lead, at = rows["lead"].to_numpy(), rows["at"].to_numpy()
    created_at = people["created_at"].to_numpy()[lead]
    calendars = world.users["calendar"].to_numpy()[people["sdr"].to_numpy()[lead]]
    rows = rows.assign(
        segment=people["segment"].to_numpy()[lead],
        slowness=people["segment"].map(company.SEGMENT_SLOWNESS).to_numpy()[lead],
        age=(at - created_at) / DAY,
        answer_kind=_answer_kinds(people)[lead],
        office_at=last_in_office_hours(at, calendars),
        due_at=last_in_office_hours(at + days(HORIZON_DAYS), calendars),
    )
    rows["office_age"] = np.maximum(rows["office_at"].to_numpy() - created_at, 0 * DAY) / DAY

    # The present stay and the way to it.
    log = log.sort_values(["lead", "step"], ignore_index=True)
    log["path"] = _paths(log)
    entered = Events(log["lead"].to_numpy(), log["changed_at"].to_numpy())
    stays = entered.before(lead, at + SECOND).astype(int) - 1
    first = np.searchsorted(log["lead"].to_numpy(), lead)
    stay = log.iloc[first + stays].reset_index(drop=True)
    rows["stage"], rows["path"] = stay["stage"].to_numpy(), stay["path"].to_numpy()
    rows["entered_at"] = stay["changed_at"].to_numpy()
    left_at = log["left_at"].to_numpy()[first]
    rows["decided_at"] = np.where(stays > 0, left_at, NEVER)
    second = log.iloc[np.minimum(first + 1, len(log) - 1)]
    answered_at = np.where((second["stage"] == "mql") & (stays > 0), second["answered_at"].to_numpy(), NEVER)
    rows["answer_hours"] = np.where(answered_at <= at, (answered_at - left_at) / HOUR, np.nan)
    rows["stay_answered_at"] = np.where(stay["answered_at"] <= at, stay["answered_at"].to_numpy(), NEVER)

    # What people and reps do.
    number = pd.Series(people.index, index=people["lead_id"])
    done = activities[activities["lead_id"].notna()]
    done = done.assign(lead=done["lead_id"].map(number).to_numpy(dtype=int))
    is_person = (done["actor"] == "person").to_numpy()
    own_rep = world.users["user_id"].to_numpy()[people["sdr"].to_numpy()[done["lead"]]]
    is_own_rep = (done["user_id"] == own_rep).to_numpy() & ~is_person

    def events(is_wanted: np.ndarray, *types: str) -> Events:
        wanted = done[is_wanted & done["activity_type"].isin(types).to_numpy()]
        return Events(wanted["lead"].to_numpy(), wanted["occurred_at"].to_numpy())

    rows["opened_mails"] = events(is_person, "email_opened").before(lead, at)
    rows["clicked_mails"] = events(is_person, "email_clicked").before(lead, at)
    since = rows["stay_answered_at"].fillna(rows["at"]).to_numpy() + SECOND
    worked = events(is_own_rep, *company.SALES_ACTIONS)
    rows["follow_ups"] = np.maximum(worked.before(lead, at) - worked.before(lead, since), 0)
    booked = events(is_own_rep, "meeting_booked")
    rows["is_booked"] = booked.before(lead, at) > booked.before(lead, since)
    visits = world.encounters.visits
    visited = Events(visits["lead"].to_numpy(), visits["started_at"].to_numpy())
    rows["visits"] = visited.before(lead, at) - visited.before(lead, created_at)
    rows = rows.join(_requests(rows, created_at, done[is_person]))

    # What decides, but for intent and touches to come.
    met = touches.happened(world, world.encounters)
    counted_until = np.where(np.isnat(rows["decided_at"].to_numpy()), at, rows["decided_at"].to_numpy())
    average = people.assign(intent=0.0)
    effects = {}
    for step in decisions.STEPS:
        worth = met["channel"].map({name: np.log(getattr(odds, step)) for name, odds in company.TOUCH_EFFECTS.items()})
        effects[step] = Events(met["lead"].to_numpy(), met["at"].to_numpy(), worth.to_numpy())
        rows[f"{step}_traits"] = (decisions.log_odds(average, step) + getattr(world.progress.baselines, step))[lead]
        rows[f"{step}_touches"] = effects[step].before(lead, counted_until)
    objected = events(is_person, "unsubscribed").before(lead, at) > 0
    rows["gets_nurture"] = people["has_consent"].to_numpy()[lead] & ~objected
    rows["gets_outreach"] = (people["channel"] == "cold_email").to_numpy()[lead] & ~objected
    return rows, effects["mql"]


def _paths(log: pd.DataFrame) -> list[tuple[str, ...]]:
    """The stages up to each stay, `lead` aside."""
    paths: list[tuple[str, ...]] = []
    for step, stage in zip(log["step"], log["stage"], strict=True):
        paths.append((*paths[-1], stage) if step else ())
    return paths


def _requests(rows: pd.DataFrame, created_at: np.ndarray, done: pd.DataFrame) -> pd.DataFrame:
    """For those still undecided, requests since creation: how many, and the lead's age at the first and the last."""
    waiting = rows.loc[rows["path"].map(len) == 0, ["lead", "at"]].assign(
        row=lambda found: found.index, since=created_at[rows["path"].map(len) == 0]
    )
    asked = waiting.merge(done.loc[done["activity_type"].isin(REQUESTS), ["lead", "occurred_at"]], on="lead")
    asked = asked[(asked["occurred_at"] > asked["since"] + LONGEST_LAG) & (asked["occurred_at"] < asked["at"])]
    age = ((asked["occurred_at"] - asked["since"]) / DAY).groupby(asked["row"])
    found = pd.DataFrame({"requests": age.size(), "first_request": age.min(), "last_request": age.max()})
    return found.reindex(rows.index).fillna({"requests": 0})


def _evidence_of_intent(world: World, rows: pd.DataFrame, intent: np.ndarray) -> np.ndarray:
    """Log likelihood, but for a constant, of what each row's lead did, at each intent (rows by intents)."""
    making = world.encounters.making
    # Whoever came for an e-book or a webinar asked for that.
    telling = making[~world.people["channel"].isin(("content", "webinar")).to_numpy()[making["lead"]]]
    asked = np.full(len(world.people), np.nan)
    asked[telling["lead"]] = telling["conversion"].isin(company.STRONG_CONVERSIONS)
    asked = asked[rows["lead"], None]
    base = draw.baseline(_NODES, company.STRONG_AT_CREATION_RATE, _WEIGHTS)
    strong = draw.probabilities(base + intent)
    evidence = np.where(np.isnan(asked), 0.0, np.log(np.where(asked == 1, strong, 1 - strong)))
    expected = company.VISITS_AFTER_LEAD * _eagerness(intent) * _passed(company.DAYS_AFTER_LEAD, rows["age"])[:, None]
    evidence += rows["visits"].to_numpy()[:, None] * np.log(_eagerness(intent)) - expected
    click = np.minimum(_click_rate(intent) / company.OPEN_RATE, 0.999)
    clicked, opened = (rows[name].to_numpy()[:, None] for name in ("clicked_mails", "opened_mails"))
    return evidence + clicked * np.log(click) + np.maximum(opened - clicked, 0) * np.log(1 - click)


def _eagerness(intent: np.ndarray) -> np.ndarray:
    return np.exp(company.INTENT_VISIT_EFFECT * intent - company.INTENT_VISIT_EFFECT**2 / 2)


def _click_rate(intent: np.ndarray) -> np.ndarray:
    return company.CLICK_RATE * np.exp(company.INTENT_VISIT_EFFECT * intent)


# ---------------------------------------------------------------------------------------------------------------------
# What may become of it


@dataclass(frozen=True)
class Laws:
    """What the observer knows beside the rows: effects of touches, answers by kind of rep, days from MQL to the deal."""

    world: World
    effects: Events
    answers: dict[str, np.ndarray]

    def has_record(self, moments: np.ndarray) -> np.ndarray:
        """Whether what happens at these moments is in the records at all, which end at as-of."""
        return moments <= self.world.history.as_of


def _chances(laws: Laws, rows: pd.DataFrame, intent: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """The probability of each row, given log weights (`evidence`) of possible intents (both rows by intents)."""
    weight = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    chances = np.full(len(rows), np.nan)
    for (_, path, _), members in rows.groupby(["segment", "path", "answer_kind"]).indices.items():
        for chunk in np.split(members, range(CHUNK, len(members), CHUNK)):
            of_rows = _of_decided if path else _of_undecided
            chances[chunk] = of_rows(laws, rows.iloc[chunk], intent[chunk], weight[chunk])
    return chances


def _of_undecided(laws: Laws, rows: pd.DataFrame, intent: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The chances of rows in their first stage, of one segment and kind of answers."""
    slowness, hours = rows["slowness"].iloc[0], laws.answers[rows["answer_kind"].iloc[0]]
    age, requests, first = (rows[name].to_numpy()[:, None] for name in ("age", "requests", "first_request"))
    request_days = REQUEST_SPAN / DAY
    # When they may still decide: who has asked for something does so within days.
    soon = np.where(first >= (1 - EARLIEST_REQUEST) * request_days, first + EARLIEST_REQUEST * request_days, first / (1 - EARLIEST_REQUEST))
    edges = np.where(
        requests > 0,
        np.maximum(soon - age, 0.05) * np.linspace(0, 1, 33),
        np.concatenate([[0.0], np.geomspace(0.25, 900.0, 32)]),
    )
    wait = (edges[:, 1:] + edges[:, :-1]) / 2
    mql, sql = _odds_when_deciding(rows, intent, age + wait)
    forward = draw.probabilities(mql)
    decide = weight[:, :, None] * np.diff(_passed(company.DECISION_LEG, age + edges, slowness), axis=1)[:, None, :]
    decided_at = rows["at"].to_numpy()[:, None] + days(wait)
    shown = np.where(laws.has_record(decided_at), _requests_likelihood(rows, age + wait), 1.0)
    going = decide * forward * shown[:, None, :]
    accepted = _accepted(sql, hours) * draw.probabilities(_log_odds(rows, intent, "opportunity"))[:, :, None]
    to_deal = sum(
        share * _days_to_deal(route, slowness) for route, share in company.LEAD_ROUTES["opportunity"].items()
    )
    in_time = np.interp(HORIZON_DAYS - wait, GRID_DAYS, to_deal, left=0.0)
    success = (going * accepted * in_time[:, None, :]).sum(axis=(1, 2))
    refusing = (decide * (1 - forward)).sum(axis=(1, 2)) + _has_refused(laws, rows, intent, weight)
    return success / (going.sum(axis=(1, 2)) + np.where(requests[:, 0] > 0, 0.0, refusing))


def _has_refused(laws: Laws, rows: pd.DataFrame, intent: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weight of having decided against it already, which nobody sees unless it leads to disqualification."""
    slowness, age = rows["slowness"].iloc[0], rows["age"].to_numpy()
    share = _passed(company.DECISION_LEG, age, slowness)[:, None] / REFUSAL_CLASSES
    decided = _within(company.DECISION_LEG, share * (np.arange(REFUSAL_CLASSES) + 0.5), slowness)
    lead = np.repeat(rows["lead"].to_numpy(), REFUSAL_CLASSES)
    decided_at = (rows["at"].to_numpy() - days(age))[:, None] + days(decided)
    met = laws.effects.before(lead, decided_at.ravel()).reshape(decided.shape)
    not_yet = rows["mql_touches"].to_numpy()[:, None] - met
    refusal = 1 - draw.probabilities(_log_odds(rows, intent, "mql")[:, :, None] - not_yet[:, None, :])
    gone = company.LEAD_ROUTES["lead"][("disqualified",)] * _passed(
        company.LEAD_LEGS["lead", "disqualified"], rows["office_age"].to_numpy(), slowness
    )
    return (weight[:, :, None] * refusal * share[:, None, :]).sum(axis=(1, 2)) * (1 - gone)


def _odds_when_deciding(rows: pd.DataFrame, intent: np.ndarray, later: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log odds of `mql` and `sql` at each intent and each later age (rows by intents by ages), with touches to come.

    Those of `mql` are such that their probability is about the mean over the touches that may come.
    """
    age = rows["age"].to_numpy()[:, None]
    meanwhile = _passed(company.DAYS_AFTER_LEAD, later) - _passed(company.DAYS_AFTER_LEAD, age)
    mails = {
        channel: is_due[:, None] * sum((age < day) & (day <= later) for day in send_days)
        for channel, is_due, send_days in (
            ("nurture", rows["gets_nurture"].to_numpy(), company.NURTURE_DAYS),
            ("cold_email", rows["gets_outreach"].to_numpy(), mailings.OUTREACH_DAYS),
        )
    }
    eager, click = _eagerness(intent)[:, :, None], _click_rate(intent)[:, :, None]

    def expected(step: str, power: int) -> np.ndarray:
        worth = {name: np.log(getattr(odds, step)) ** power for name, odds in company.TOUCH_EFFECTS.items()}
        visit = company.VISITS_AFTER_LEAD * sum(
            entry.return_share * worth[name] for name, entry in company.CHANNELS.items()
        )
        other = (
            company.WEBINARS_PER_LEAD * worth["webinar"]
            + company.SOCIAL_ENGAGEMENTS_PER_LEAD * worth["organic_social"]
            + company.AD_CLICKS_PER_LEAD * worth["display"]
        )
        clicked = sum(count * worth[channel] for channel, count in mails.items())
        return (other + visit * eager) * meanwhile[:, None, :] + click * clicked[:, None, :]

    mql = _log_odds(rows, intent, "mql")[:, :, None] + expected("mql", 1)
    sql = _log_odds(rows, intent, "sql")[:, :, None] + expected("sql", 1)
    return mql / np.sqrt(1 + np.pi / 8 * expected("mql", 2)), sql


def _requests_likelihood(rows: pd.DataFrame, decided: np.ndarray) -> np.ndarray:
    """How likely the requests so far are if the lead qualifies at these ages (rows by ages); see `website`.

    One request is sure and others are as many as a Poisson law says, each at any moment of the last days before.
    """
    age, count, first, last = (
        rows[name].to_numpy()[:, None] for name in ("age", "requests", "first_request", "last_request")
    )
    span = np.minimum(decided, REQUEST_SPAN / DAY)
    begins, ends = decided - EARLIEST_REQUEST * span, decided - LATEST_REQUEST * span
    open_share = np.clip((ends - age) / (ends - begins), 0.0, 1.0)
    more = company.VISITS_BEFORE_QUALIFIED - 1
    # The form is sent minutes after the visit began.
    is_possible = (count == 0) | ((begins < first) & (last < ends + 0.02))
    factorial = np.cumprod([1.0, *range(1, 60)])[np.minimum(count, 59).astype(int)]
    ways = more**count / factorial * open_share + np.where(count > 0, more ** (count - 1) / factorial * count, 0.0)
    density = ways * (ends - begins) ** -count * np.exp(-more * (1 - open_share))
    return np.where(is_possible, density, 0.0) + 1e-9


def _of_decided(laws: Laws, rows: pd.DataFrame, intent: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The chances of rows of one segment and kind of answers that have come by one path."""
    path, slowness = rows["path"].iloc[0], rows["slowness"].iloc[0]
    effects, shares, is_due = _possible_answers(rows, laws.answers[rows["answer_kind"].iloc[0]])
    # How far they get, by intents and possible answers.
    weight = weight * draw.probabilities(_log_odds(rows, intent, "mql"))
    sql = draw.probabilities(_log_odds(rows, intent, "sql")[:, :, None] + effects[:, None, :])
    deal = draw.probabilities(_log_odds(rows, intent, "opportunity"))[:, :, None]
    weighed = weight[:, :, None] * shares[:, None, :]
    furthest = {"mql": weighed * (1 - sql), "sql": weighed * sql * (1 - deal), "opportunity": weighed * sql * deal}
    all_weight, success = np.zeros(len(rows)), np.zeros(len(rows))
    for stage, chance in furthest.items():
        by_answer = chance.sum(axis=1)
        for route, share in company.LEAD_ROUTES[stage].items():
            if route[: len(path)] != path:
                continue
            # Nobody leaves before an answer that is due.
            for is_held, of_answers in ((True, is_due), (False, ~is_due)):
                if not of_answers.any():
                    continue
                stays, arrives = _of_stay(laws, rows, route[len(path) :], slowness, is_held)
                given = share * (by_answer * of_answers).sum(axis=1)
                all_weight += given * stays
                success += given * arrives
    return success / np.maximum(all_weight, 1e-300)


def _possible_answers(rows: pd.DataFrame, hours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the first answer: what it may do to the log odds of `sql`, how likely, and whether it is still due.

    All are rows by classes of answers. One that would have been given is never seen; else it is seen, or due, or will
    never come, as every hand-over that was left has been answered before, or is not at all.
    """
    known = rows["answer_hours"].to_numpy()[:, None]
    path = rows["path"].iloc[0]
    effects = np.broadcast_to(decisions.answer_log_odds(hours), (len(rows), len(hours)))
    shares = np.broadcast_to(_answer_shares(), effects.shape)
    if path[0] != "mql":
        return effects, shares, np.zeros(effects.shape, dtype=bool)
    missing = known if len(path) == 1 else np.where(np.isnan(known), np.inf, known)
    is_open = np.isnan(missing)
    passed = ((rows["at"] - rows["decided_at"]) / HOUR).to_numpy()[:, None]
    effects = np.where(is_open, effects, decisions.answer_log_odds(np.where(is_open, np.inf, missing)))
    return effects, np.where(is_open & (hours <= passed), 0.0, shares), is_open & np.isfinite(hours)


def _of_stay(
    laws: Laws, rows: pd.DataFrame, rest: tuple[str, ...], slowness: float, is_held: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The likelihood of the present stay if `rest` is the way on, and the part of it that has a deal in time.

    `is_held`: an answer is still due, so that they could not have moved on.
    """
    if not rest:
        never = np.full((len(rows), 1), np.inf)
        stays = np.ones(len(rows)) if is_held else _work_likelihood(laws, rows, never, "")[:, 0]
        return stays, np.zeros(len(rows))
    leg = company.LEAD_LEGS[rows["stage"].iloc[0], rest[0]]
    stayed, until = (
        np.maximum((rows[name] - rows["entered_at"]) / DAY, 0.0).to_numpy()[:, None] for name in ("office_at", "due_at")
    )
    begin, end = _passed(leg, stayed * (not is_held), slowness), _passed(leg, until, slowness)
    share = np.concatenate([np.repeat((end - begin) / 48, 48, axis=1), np.repeat((1 - end) / 8, 8, axis=1)], axis=1)
    days_needed = _within(leg, begin + share.cumsum(axis=1) - share / 2, slowness)
    weight = share if is_held else share * _work_likelihood(laws, rows, days_needed, rest[0])
    if rest[-1] != "opportunity":
        return weight.sum(axis=1), np.zeros(len(rows))
    in_time = np.interp(until - days_needed, GRID_DAYS, _days_to_deal(rest, slowness), left=0.0)
    return weight.sum(axis=1), (weight * in_time).sum(axis=1)


def _work_likelihood(laws: Laws, rows: pd.DataFrame, stay: np.ndarray, next_stage: str) -> np.ndarray:
    """How likely the reps' work since their answer is if the stay in `mql` lasts so many days; see `sales`.

    Follow-ups are spread over it, and the meeting that makes an SQL is booked at any moment of it.
    """
    answered_at = rows["stay_answered_at"]
    if rows["stage"].iloc[0] != "mql":
        return np.ones(stay.shape)
    known_until = np.datetime64(laws.world.history.as_of)
    recorded, at, worked = (
        ((moment - answered_at) / DAY).to_numpy()[:, None] for moment in (known_until, rows["at"], rows["office_at"])
    )
    # Nobody leaves at night.
    left = np.maximum(stay - ((answered_at - rows["entered_at"]) / DAY).to_numpy()[:, None], at + 1 / 3)
    span = np.minimum(left, np.minimum(recorded, sales.LONGEST_PURSUIT / DAY))
    count = rows["follow_ups"].to_numpy()[:, None]
    passed = np.clip(worked / span, 0.0, 1.0)
    likelihood = span**-count * np.exp(-company.FOLLOW_UPS_PER_HANDOVER * passed)
    is_booked = rows["is_booked"].to_numpy()[:, None]
    if next_stage == "sql":
        is_told = left <= recorded
        likelihood = likelihood * np.where(is_booked, is_told / left, np.where(is_told, 1 - at / left, 1.0))
    else:
        likelihood = likelihood * ~is_booked
    return np.where(np.isnan(at), 1.0, likelihood)


@cache
def _days_to_deal(route: tuple[str, ...], slowness: float) -> np.ndarray:
    """On GRID_DAYS, the probability that a deal is open so long after the decision to take the first of these stages."""
    waits = np.bincount(np.rint(_WAITS / 24 / STEP_DAYS).astype(int), minlength=len(GRID_DAYS)) / len(_WAITS)
    density = np.eye(1, len(GRID_DAYS))[0]
    for origin, destination in pairwise(route):
        # Marketing automation makes an MQL at any hour.
        if origin != "mql":
            density = np.convolve(density, waits)[: len(GRID_DAYS)]
        edges = np.append(GRID_DAYS - STEP_DAYS / 2, GRID_DAYS[-1] + STEP_DAYS / 2)
        leg = np.diff(_passed(company.LEAD_LEGS[origin, destination], edges, slowness))
        density = np.convolve(density, leg)[: len(GRID_DAYS)]
    return density.cumsum() - density / 2 * (len(route) > 1)


# ---------------------------------------------------------------------------------------------------------------------
# Laws


def _log_odds(rows: pd.DataFrame, intent: np.ndarray, step: str) -> np.ndarray:
    """Log odds of a step, given the touches so far and an average answer (rows by intents)."""
    known = rows[f"{step}_traits"] + rows[f"{step}_touches"]
    return known.to_numpy()[:, None] + np.log(getattr(company.INTENT_ODDS, step)) * intent


def _answer_hours(world: World) -> dict[str, np.ndarray]:
    """By kind of answer (market and experiment), equally frequent hours until an answer, and infinity for none."""
    hours, kinds = world.progress.fates["answer_hours"].to_numpy(), _answer_kinds(world.people)
    middles = (np.arange(ANSWER_CLASSES) + 0.5) / ANSWER_CLASSES
    found = {}
    for kind in np.unique(kinds):
        of_kind = hours[(kinds == kind) & np.isfinite(hours)]
        found[kind] = np.append(np.quantile(of_kind, middles), np.inf)
    return found


def _answer_kinds(people: pd.DataFrame) -> np.ndarray:
    is_treated = np.any(
        [people[entry.experiment_id] == "treatment" for entry in company.EXPERIMENTS if entry.answer_hours_factor != 1],
        axis=0,
    )
    return (people["market"] + np.where(is_treated, " sooner", "")).to_numpy(dtype=object)


def _answer_shares() -> np.ndarray:
    answered = np.full(ANSWER_CLASSES, (1 - company.UNANSWERED_SHARE) / ANSWER_CLASSES)
    return np.append(answered, company.UNANSWERED_SHARE)


def _accepted(sql: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """The probability of those log odds, on average over the answers."""
    grid = np.linspace(-15.0, 15.0, 601)
    return np.interp(sql, grid, draw.probabilities(grid[:, None] + decisions.answer_log_odds(hours)) @ _answer_shares())


def _passed(leg: Leg, passed_days: np.ndarray, slowness: float = 1.0) -> np.ndarray:
    """The share of a leg's lognormal days that are over by then."""
    with np.errstate(divide="ignore"):
        scores = np.log(np.maximum(passed_days, 0.0) / (leg.median_days * slowness)) / leg.spread
    return np.interp(scores, _SCORES, _SHARES)


def _within(leg: Leg, share: np.ndarray, slowness: float) -> np.ndarray:
    """The days within which that share of a leg's lognormal days are over."""
    return leg.median_days * slowness * np.exp(leg.spread * np.interp(share, _SHARES, _SCORES))

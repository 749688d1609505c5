"""How well anybody could foresee who becomes an opportunity: the best scores there can be, from the laws of `company`.

A lead is scored at the end of the local day on which it was created, and at the end of each month while it is open.
The ideal observer knows every law and every trait but `intent`, recognises each visit and its channel, reads the
CRM's history and the reps' work, and knows nothing that happens later. What is hidden is weighed by Bayes' rule: intent
on a grid (it shows in requests, visits and clicks), the moment of the decision, the answer that has not come yet, and
the route and length of the present stay. The chance is what share of that weight has a deal in time.

Simplifications, which together understate the chances of the undecided by some 2 % and leave the order alone: office
hours between two later stages are met at any moment of the week alike; touches still to come count with the mean and
the variance of what they add to the log odds, without newsletters and fairs; a late answer does not delay the deals of
those who are still to be handed over. That a lead is passed to another SDR only if it has no deal by as-of is an
accident of `journeys`, and not made use of.
"""

from functools import cache
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pandas as pd

from ingestion.simulator import company, decisions, draw, mailings, sales
from ingestion.simulator.clock import DAY, days, last_in_office_hours
from ingestion.simulator.company import Leg
from ingestion.simulator.observed import Events, effects_of_touches, observed, snapshots
from ingestion.simulator.website import EARLIEST_REQUEST, LATEST_REQUEST, REQUEST_SPAN
from ingestion.simulator.world import World

HORIZON_DAYS = 90
# How finely what is hidden is divided: intents, waits for a decision still to come, decisions made in silence, hours
# until an answer, days of the present stay that end within the horizon and beyond, and days until a deal.
INTENTS, INTENT_SHARES = np.polynomial.hermite_e.hermegauss(9)
DECISION_WAITS = np.concatenate([[0.0], np.geomspace(0.25, 900.0, 32)])
REFUSALS, ANSWERS, STAYS_WITHIN, STAYS_BEYOND = 12, 25, 48, 8
STEP_DAYS = 0.25
DEAL_DAYS = np.arange(0, HORIZON_DAYS + 5, STEP_DAYS)
# So many rows are worked on at once.
CHUNK = 4_000

_SCORES = np.linspace(-8.0, 8.0, 4_001)
_SHARES = np.array([NormalDist().cdf(score) for score in _SCORES])


def table(world: World, activities: pd.DataFrame) -> pd.DataFrame:
    """One row per lead and scored_date: what can be foreseen then.

    lead_id, scored_date (local), scored_until (UTC; only what was before it counts), stage, ideal_probability (of an
    opportunity within HORIZON_DAYS), full_knowledge_probability (the same for who sees `intent` too) and
    is_opportunity (what became of it, be that after as-of). `activities` are the entity's rows, by the `lead_id` of
    `world.people`.
    """
    seen = observed(world, snapshots(world), activities)
    rows, effects = known(world, seen), effects_of_touches(world)["mql"]
    answers = _answer_hours(world)
    intents = np.broadcast_to(INTENTS, (len(seen), len(INTENTS)))
    intent = world.people["intent"].to_numpy()[rows["lead"], None]
    return pd.DataFrame(
        {
            "lead_id": world.people["lead_id"].to_numpy()[rows["lead"]],
            "scored_date": seen["scored_date"],
            "scored_until": seen["at"],
            "stage": seen["stage"],
            "ideal_probability": _chances(
                rows, effects, answers, intents, evidence_of_intent(rows, intents) + np.log(INTENT_SHARES)
            ),
            "full_knowledge_probability": _chances(rows, effects, answers, intent, np.zeros(intent.shape)),
            "is_opportunity": seen["opened_at"] <= seen["at"] + days(HORIZON_DAYS),
        }
    )


class Rows(dict[str, np.ndarray]):
    """Columns by name, all of one length."""

    def take(self, numbers: np.ndarray) -> "Rows":
        """Those rows."""
        return Rows({name: column[numbers] for name, column in self.items()})

    def tall(self, *names: str) -> list[np.ndarray]:
        """Columns that stand upright, to meet a row of possibilities."""
        return [self[name][:, None] for name in names]


def known(world: World, seen: pd.DataFrame) -> Rows:
    """What is observed, moments as ages of the lead in days, and what decides, but for intent and touches to come.

    office and office_due: the last moments before now and before the horizon's end at which the rep's office is open.
    records_end: what happens later leaves no trace. mql, sql, opportunity: log odds, but for intent and the answer.
    """
    people = world.people
    lead, at = seen["lead"].to_numpy(), seen["at"].to_numpy()
    calendars = world.users["calendar"].to_numpy()[people["sdr"].to_numpy()[lead]]
    moments = {
        "age": at,
        "entered": seen["entered_at"].to_numpy(),
        "decided": seen["decided_at"].to_numpy(),
        "answered": seen["stay_answered_at"].to_numpy(),
        "office": last_in_office_hours(at, calendars),
        "office_due": last_in_office_hours(at + days(HORIZON_DAYS), calendars),
        "records_end": np.full(len(seen), world.history.as_of),
    }
    created_at = people["created_at"].to_numpy()[lead]
    # Touches count until the decision; those of the undecided until now, and more may come.
    counted_until = np.where(np.isnat(moments["decided"]), at, moments["decided"])
    effects, average = effects_of_touches(world), people.assign(intent=0.0)
    odds = {
        step: (decisions.log_odds(average, step) + getattr(world.progress.baselines, step))[lead]
        + effects[step].before(lead, counted_until)
        for step in decisions.STEPS
    }
    is_mailed = seen["is_mailed"].to_numpy()
    return Rows(
        {name: column.to_numpy() for name, column in seen.items()}
        | {name: (moment - created_at) / DAY for name, moment in moments.items()}
        | odds
        | {
            "created_at": created_at,
            "slowness": people["segment"].map(company.SEGMENT_SLOWNESS).to_numpy()[lead],
            "answer_kind": _answer_kinds(people)[lead],
            "gets_nurture": people["has_consent"].to_numpy()[lead] & is_mailed,
            "gets_outreach": (people["channel"] == "cold_email").to_numpy()[lead] & is_mailed,
        }
    )


def evidence_of_intent(rows: Rows, intent: np.ndarray) -> np.ndarray:
    """Log likelihood, but for a constant, of what people did, if this is their intent (both rows by intents)."""
    asked, visits, opened, clicked = rows.tall("asked_strongly", "visits", "opened_mails", "clicked_mails")
    strong = draw.probabilities(draw.baseline(INTENTS, company.STRONG_AT_CREATION_RATE, INTENT_SHARES) + intent)
    evidence = np.where(np.isnan(asked), 0.0, np.log(np.where(asked == 1, strong, 1 - strong)))
    so_far = _passed(company.DAYS_AFTER_LEAD, rows["age"])[:, None]
    evidence += visits * np.log(_eagerness(intent)) - company.VISITS_AFTER_LEAD * so_far * _eagerness(intent)
    click = np.minimum(_click_rate(intent) / company.OPEN_RATE, 0.999)
    return evidence + clicked * np.log(click) + np.maximum(opened - clicked, 0) * np.log(1 - click)


def _eagerness(intent: np.ndarray) -> np.ndarray:
    """How many times the average lead's visits are to be expected."""
    return np.exp(company.INTENT_VISIT_EFFECT * intent - company.INTENT_VISIT_EFFECT**2 / 2)


def _click_rate(intent: np.ndarray) -> np.ndarray:
    """The share of mails that are clicked."""
    return company.CLICK_RATE * np.exp(company.INTENT_VISIT_EFFECT * intent)


# ---------------------------------------------------------------------------------------------------------------------
# What may become of it


def _chances(
    rows: Rows, effects: Events, answers: dict[str, np.ndarray], intent: np.ndarray, evidence: np.ndarray
) -> np.ndarray:
    """The probability of each row, given log weights (`evidence`) of possible intents (both rows by intents).

    effects: the touches of each lead and what they add to the log odds of `mql`. answers: see `_answer_hours`.
    """
    weight = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    chances = np.full(len(weight), np.nan)
    alike = pd.DataFrame({name: rows[name] for name in ("slowness", "path", "answer_kind")})
    for (_, path, kind), members in alike.groupby(list(alike)).indices.items():
        for chunk in np.split(members, range(CHUNK, len(members), CHUNK)):
            given = rows.take(chunk), answers[kind], intent[chunk], weight[chunk]
            chances[chunk] = _of_decided(*given) if path else _of_undecided(*given, effects)
    return chances


def _of_undecided(rows: Rows, hours: np.ndarray, intent: np.ndarray, weight: np.ndarray, effects: Events) -> np.ndarray:
    """The chances of rows in their first stage, all of one segment and one kind of answers."""
    slowness = rows["slowness"][0]
    age, requests, first, records_end = rows.tall("age", "requests", "first_request", "records_end")
    # When they may still decide: who has asked for something does so within days.
    latest = np.minimum(first / (1 - EARLIEST_REQUEST), first + EARLIEST_REQUEST * REQUEST_SPAN / DAY)
    soon = np.maximum(latest - age, 0.05) * np.linspace(0, 1, len(DECISION_WAITS))
    edges = np.where(requests > 0, soon, DECISION_WAITS)
    wait = (edges[:, 1:] + edges[:, :-1]) / 2
    mql, sql = _odds_when_deciding(rows, intent, age + wait)
    forward = draw.probabilities(mql)
    decide = weight[:, :, None] * np.diff(_passed(company.DECISION_LEG, age + edges, slowness), axis=1)[:, None, :]
    shown = np.where(age + wait <= records_end, _requests_likelihood(rows, age + wait), 1.0)
    going = decide * forward * shown[:, None, :]
    accepted = _accepted(sql, hours) * draw.probabilities(_log_odds(rows, intent, "opportunity"))[:, :, None]
    routes = company.LEAD_ROUTES["opportunity"].items()
    to_deal = sum(share * _days_to_deal(route, slowness) for route, share in routes)
    in_time = np.interp(HORIZON_DAYS - wait, DEAL_DAYS, to_deal, left=0.0)
    success = (going * accepted * in_time[:, None, :]).sum(axis=(1, 2))
    refusing = (decide * (1 - forward)).sum(axis=(1, 2)) + _has_refused(rows, intent, weight, effects)
    return success / (going.sum(axis=(1, 2)) + np.where(requests[:, 0] > 0, 0.0, refusing))


def _has_refused(rows: Rows, intent: np.ndarray, weight: np.ndarray, effects: Events) -> np.ndarray:
    """The weight of having decided against it already, which nobody sees unless it leads to disqualification."""
    slowness = rows["slowness"][0]
    share = _passed(company.DECISION_LEG, rows["age"], slowness)[:, None] / REFUSALS
    decided = _within(company.DECISION_LEG, share * (np.arange(REFUSALS) + 0.5), slowness)
    decided_at = rows["created_at"][:, None] + days(decided)
    until_then = effects.before(np.repeat(rows["lead"], REFUSALS), decided_at.ravel()).reshape(decided.shape)
    since = effects.before(rows["lead"], rows["at"])[:, None] - until_then
    refusal = 1 - draw.probabilities(_log_odds(rows, intent, "mql")[:, :, None] - since[:, None, :])
    seen_off = _passed(company.LEAD_LEGS["lead", "disqualified"], rows["office"], slowness)
    gone = company.LEAD_ROUTES["lead"][("disqualified",)] * seen_off
    return (weight[:, :, None] * refusal * share[:, None, :]).sum(axis=(1, 2)) * (1 - gone)


def _odds_when_deciding(rows: Rows, intent: np.ndarray, later: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log odds of `mql` and `sql` at each intent and each later age (rows by intents by ages), with touches to come.

    Those of `mql` are such that their probability is about the mean over the touches that may come: a normal law's
    mean and variance, in MacKay's approximation of the logistic-normal integral.
    """
    age, gets_nurture, gets_outreach = rows.tall("age", "gets_nurture", "gets_outreach")
    meanwhile = _passed(company.DAYS_AFTER_LEAD, later) - _passed(company.DAYS_AFTER_LEAD, age)
    mails = {
        "nurture": gets_nurture * sum((age < day) & (day <= later) for day in company.NURTURE_DAYS),
        "cold_email": gets_outreach * sum((age < day) & (day <= later) for day in mailings.OUTREACH_DAYS),
    }
    returns = {name: company.VISITS_AFTER_LEAD * entry.return_share for name, entry in company.CHANNELS.items()}
    others = {
        "webinar": company.WEBINARS_PER_LEAD,
        "organic_social": company.SOCIAL_ENGAGEMENTS_PER_LEAD,
        "display": company.AD_CLICKS_PER_LEAD,
    }

    def expected(step: str, power: int) -> np.ndarray:
        worth = {name: np.log(getattr(odds, step)) ** power for name, odds in company.TOUCH_EFFECTS.items()}
        visit, other, clicked = (
            sum(count * worth[name] for name, count in touches.items()) for touches in (returns, others, mails)
        )
        met = other + visit * _eagerness(intent)
        return met[:, :, None] * meanwhile[:, None, :] + _click_rate(intent)[:, :, None] * clicked[:, None, :]

    mql = _log_odds(rows, intent, "mql")[:, :, None] + expected("mql", 1)
    sql = _log_odds(rows, intent, "sql")[:, :, None] + expected("sql", 1)
    return mql / np.sqrt(1 + np.pi / 8 * expected("mql", 2)), sql


def _requests_likelihood(rows: Rows, decided: np.ndarray) -> np.ndarray:
    """How likely the requests so far are if the lead qualifies at these ages (rows by ages); see `website`.

    One request is sure and others are as many as a Poisson law says, each at any moment of the last days before.
    """
    age, count, first, last = rows.tall("age", "requests", "first_request", "last_request")
    span = np.minimum(decided, REQUEST_SPAN / DAY)
    begins, ends = decided - EARLIEST_REQUEST * span, decided - LATEST_REQUEST * span
    to_come = np.clip((ends - age) / (ends - begins), 0.0, 1.0)
    more = company.VISITS_BEFORE_QUALIFIED - 1
    # Either the sure one is to come, or it is one of those made.
    ways = more**count * to_come + np.where(count > 0, count * more ** (count - 1), 0.0)
    likelihood = ways * (ends - begins) ** -count * np.exp(-more * (1 - to_come))
    # The form is sent minutes after the visit began.
    is_possible = (count == 0) | ((begins < first) & (last < ends + 0.02))
    return np.where(is_possible, likelihood, 0.0) + 1e-9


def _of_decided(rows: Rows, hours: np.ndarray, intent: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The chances of rows that have come by one path, all of one segment and one kind of answers."""
    path, slowness = rows["path"][0], rows["slowness"][0]
    effects, shares, is_due = _possible_answers(rows, hours)
    # How far they get, by intents and possible answers.
    weighed = (weight * draw.probabilities(_log_odds(rows, intent, "mql")))[:, :, None] * shares[:, None, :]
    sql = draw.probabilities(_log_odds(rows, intent, "sql")[:, :, None] + effects[:, None, :])
    deal = draw.probabilities(_log_odds(rows, intent, "opportunity"))[:, :, None]
    furthest = {"mql": weighed * (1 - sql), "sql": weighed * sql * (1 - deal), "opportunity": weighed * sql * deal}
    ways = [
        (stage, share, route[len(path) :])
        for stage in furthest
        for route, share in company.LEAD_ROUTES[stage].items()
        if route[: len(path)] == path
    ]
    everything, success = np.zeros(len(weight)), np.zeros(len(weight))
    # Nobody leaves before an answer that is due.
    for is_held, of_answers in ((True, is_due), (False, ~is_due)):
        if not of_answers.any():
            continue
        given = {stage: (chance.sum(axis=1) * of_answers).sum(axis=1) for stage, chance in furthest.items()}
        stays = {onward[:1]: _stay(rows, onward[:1], is_held) for _, _, onward in ways}
        for stage, share, onward in ways:
            remaining, likelihood = stays[onward[:1]]
            everything += given[stage] * share * likelihood.sum(axis=1)
            if onward[-1:] == ("opportunity",):
                in_time = np.interp(remaining, DEAL_DAYS, _days_to_deal(onward, slowness), left=0.0)
                success += given[stage] * share * (likelihood * in_time).sum(axis=1)
    return success / np.maximum(everything, 1e-300)


def _possible_answers(rows: Rows, hours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the first answer: what it may do to the log odds of `sql`, how likely, and whether it is still due.

    All are rows by classes of answers. One that would have been given is never seen; else it is seen, or due, or will
    never come, as every hand-over that was left has been answered before, or is not at all.
    """
    path, [answer, age, decided] = rows["path"][0], rows.tall("answer_hours", "age", "decided")
    effects = np.broadcast_to(decisions.answer_log_odds(hours), (len(answer), len(hours)))
    shares = np.broadcast_to(_answer_shares(), effects.shape)
    if path[0] != "mql":
        return effects, shares, np.zeros(effects.shape, dtype=bool)
    is_open = np.isnan(answer) & (len(path) == 1)
    settled = decisions.answer_log_odds(np.where(np.isnan(answer), np.inf, answer))
    is_over = is_open & (hours / 24 <= age - decided)
    return np.where(is_open, effects, settled), np.where(is_over, 0.0, shares), is_open & np.isfinite(hours)


def _stay(rows: Rows, onward: tuple[str, ...], is_held: bool) -> tuple[np.ndarray, np.ndarray]:
    """Possible ends of the present stay if the next stage is `onward` (empty: it never ends), rows by classes.

    How many days of the horizon remain then, and the likelihood of each, given what is seen. `is_held`: an answer is
    still due, so that they could not have moved on.
    """
    if not onward:
        never = np.full((len(rows["age"]), 1), np.inf)
        return -never, np.ones(never.shape) if is_held else _work_likelihood(rows, never, onward)
    leg, slowness = company.LEAD_LEGS[rows["stage"][0], onward[0]], rows["slowness"][0]
    entered, office, office_due = rows.tall("entered", "office", "office_due")
    begin = np.zeros(entered.shape) if is_held else _passed(leg, office - entered, slowness)
    end = _passed(leg, office_due - entered, slowness)
    share = np.hstack(
        [np.tile((end - begin) / STAYS_WITHIN, STAYS_WITHIN), np.tile((1 - end) / STAYS_BEYOND, STAYS_BEYOND)]
    )
    stay = _within(leg, begin + share.cumsum(axis=1) - share / 2, slowness)
    likelihood = share if is_held else share * _work_likelihood(rows, stay, onward)
    return office_due - entered - stay, likelihood


def _work_likelihood(rows: Rows, stay: np.ndarray, onward: tuple[str, ...]) -> np.ndarray:
    """How likely the reps' work since their answer is if the stay in `mql` lasts so many days; see `sales`.

    Follow-ups are spread over it, and the meeting that makes an SQL is booked at any moment of it.
    """
    if rows["stage"][0] != "mql":
        return np.ones(stay.shape)
    moments = rows.tall("answered", "entered", "age", "office", "records_end", "follow_ups", "is_booked")
    answered, entered, age, office, records_end, count, is_booked = moments
    # Nobody leaves at night.
    left = np.maximum(entered + stay, age + 1 / 3) - answered
    span = np.minimum(left, np.minimum(records_end - answered, sales.LONGEST_PURSUIT / DAY))
    passed = np.clip((office - answered) / span, 0.0, 1.0)
    likelihood = span**-count * np.exp(-company.FOLLOW_UPS_PER_HANDOVER * passed)
    if onward == ("sql",):
        is_told = left <= records_end - answered
        likelihood *= np.where(is_booked, is_told / left, np.where(is_told, 1 - (age - answered) / left, 1.0))
    else:
        likelihood *= ~is_booked
    return np.where(np.isnan(answered), 1.0, likelihood)


@cache
def _days_to_deal(route: tuple[str, ...], slowness: float) -> np.ndarray:
    """On DEAL_DAYS, the probability that a deal is open so long after the first of these stages is decided on."""
    waits = _office_waits()
    density = np.eye(1, len(DEAL_DAYS))[0]
    for origin, destination in pairwise(route):
        # Marketing automation makes an MQL at any hour.
        if origin != "mql":
            density = np.convolve(density, waits)[: len(DEAL_DAYS)]
        edges = np.append(DEAL_DAYS - STEP_DAYS / 2, DEAL_DAYS[-1] + STEP_DAYS / 2)
        leg = np.diff(_passed(company.LEAD_LEGS[origin, destination], edges, slowness))
        density = np.convolve(density, leg)[: len(DEAL_DAYS)]
    return density.cumsum() - density / 2 * (len(route) > 1)


@cache
def _office_waits() -> np.ndarray:
    """On DEAL_DAYS, how often that is what passes until an office opens, over all moments of a week."""
    hours = np.arange(0, 7 * 24, 0.25)
    opens = np.array([0, 1, 2, 3, 4, 7]) * 24 + company.OFFICE_OPENS_HOUR
    is_open = (hours < 5 * 24) & (hours % 24 >= company.OFFICE_OPENS_HOUR) & (hours % 24 < company.OFFICE_CLOSES_HOUR)
    waits = np.where(is_open, 0.0, opens[np.searchsorted(opens, hours)] - hours)
    return np.bincount(np.rint(waits / 24 / STEP_DAYS).astype(int), minlength=len(DEAL_DAYS)) / len(hours)


# ---------------------------------------------------------------------------------------------------------------------
# Laws


def _log_odds(rows: Rows, intent: np.ndarray, step: str) -> np.ndarray:
    """Log odds of a step, given the touches so far and an average answer (rows by intents)."""
    return rows[step][:, None] + np.log(getattr(company.INTENT_ODDS, step)) * intent


def _answer_hours(world: World) -> dict[str, np.ndarray]:
    """By kind of answer (market and experiment), equally frequent hours until an answer, and infinity for none."""
    hours, kinds = world.progress.fates["answer_hours"].to_numpy(), _answer_kinds(world.people)
    middles = (np.arange(ANSWERS) + 0.5) / ANSWERS
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
    answered = np.full(ANSWERS, (1 - company.UNANSWERED_SHARE) / ANSWERS)
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

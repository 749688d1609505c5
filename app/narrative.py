"""The sentence that opens a page, and the judgements behind it. Pure functions, true for any data."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd

from app.data import LastRun, PublishedRun, Replay
from app.filters import Period
from app.formatting import change, count, counted, duration, is_missing, moment, month, plain, rate

# Below this many leads a rate says more about chance than about the funnel.
MINIMUM_GROUP = 20


@dataclass(frozen=True)
class Step:
    """The way from one stage to the next one."""

    from_label: str
    to_label: str
    to_stage: str
    to_order: int
    entered: int
    reached: int
    rate: float | None

    @property
    def name(self) -> str:
        """'MQL → SQL'."""
        return f"{self.from_label} → {self.to_label}"


def steps(funnel: pd.DataFrame) -> list[Step]:
    """The steps of a funnel in order."""
    rows = list(funnel.sort_values("stage_order").itertuples())
    return [
        Step(
            from_label=before.stage_label,
            to_label=after.stage_label,
            to_stage=after.stage,
            to_order=int(after.stage_order),
            entered=int(before.lead_count),
            reached=int(after.lead_count),
            rate=None if is_missing(after.step_rate) else float(after.step_rate),
        )
        for before, after in pairwise(rows)
    ]


def whole_way(funnel: pd.DataFrame) -> Step:
    """From the cohort to the last stage, as if it were one step."""
    ordered = funnel.sort_values("stage_order")
    first, last = ordered.iloc[0], ordered.iloc[-1]
    return Step(
        from_label=first["stage_label"],
        to_label=last["stage_label"],
        to_stage=last["stage"],
        to_order=int(last["stage_order"]),
        entered=cohort_size(funnel),
        reached=int(last["lead_count"]),
        rate=None if is_missing(last["entry_rate"]) else float(last["entry_rate"]),
    )


def weakest_step(funnel: pd.DataFrame) -> Step | None:
    """The step that the smallest share takes; None where no step has enough leads, or none loses any."""
    judged = [step for step in steps(funnel) if step.entered >= MINIMUM_GROUP and step.reached < step.entered]
    return min(judged, key=lambda step: step.rate, default=None)


def cohort_size(funnel: pd.DataFrame) -> int:
    """The leads of the cohort: more than the first stage counts where some leads never entered it."""
    if funnel.empty:
        return 0
    reached = funnel[funnel["lead_count"] > 0]
    if reached.empty:
        return 0
    first = reached.sort_values("stage_order").iloc[0]
    return round(first["lead_count"] / first["entry_rate"])


def funnel_sentence(funnel: pd.DataFrame, period: Period) -> str:
    """What happened to the leads of the period, in one or two sentences, as Markdown."""
    size = cohort_size(funnel)
    ordered = funnel.sort_values("stage_order")
    if not size:
        return f"No lead that was created {period.words} has entered the funnel."
    opening = f"{counted(size, 'lead')} {'was' if size == 1 else 'were'} created {period.words}"
    if len(ordered) == 1:
        return f"{opening}; only one stage is defined, so there is no step to compare."
    first, last = ordered.iloc[0], ordered.iloc[-1]
    reached = ordered[ordered["lead_count"] > 0].iloc[-1]
    if reached["stage_order"] == first["stage_order"]:
        return f"{opening}; none has gone beyond {plain(first['stage_label'])} yet."
    if reached["stage_order"] == last["stage_order"]:
        share = "all of them" if last["lead_count"] == size else rate(last["entry_rate"])
        opening += f"; {count(last['lead_count'])} ({share}) reached {plain(last['stage_label'])}"
    else:
        opening += (
            f"; none has reached {plain(last['stage_label'])} yet, the furthest is {plain(reached['stage_label'])}"
        )
    weakest = weakest_step(funnel)
    if weakest:
        return f"{opening}. The weakest step is {plain(weakest.name)}: {rate(weakest.rate)} go on."
    if all(step.entered == step.reached for step in steps(funnel)):
        return f"{opening}. No step loses a lead."
    return f"{opening}. No step that loses leads has the {MINIMUM_GROUP} it takes to name the weakest."


def days_to_reach(stages: pd.DataFrame) -> dict[int, int]:
    """Per stage order, the days within which a lead that nowhere counts as stuck gets there.

    The playbook's own patience (`stuck_after_days`) adds up along the way; a stage without one adds nothing.
    """
    ladder = stages[stages["stage_order"] > 0].groupby("stage_order")["stuck_after_days"].max().fillna(0).sort_index()
    return {int(order): int(days) for order, days in (ladder.cumsum() - ladder).items()}


def is_young(month_start: date, days: int, as_of_date: date) -> bool:
    """Whether leads created in that month may well still be on their way."""
    next_month = (month_start.replace(day=28) + timedelta(days=4)).replace(day=1)
    return next_month + timedelta(days=days) > as_of_date


def health_sentence(checks: pd.DataFrame, sources: pd.DataFrame) -> str:
    """Whether today's numbers can be trusted, in one or two sentences, as Markdown."""
    failed = checks[~checks["is_passed"].astype(bool)]
    if checks.empty:
        opening = "No check was recorded for this run."
    elif failed.empty:
        opening = "The only check passed." if len(checks) == 1 else f"All {count(len(checks))} checks passed."
    else:
        blocking = int((failed["severity"] == "block").sum())
        if len(failed) == 1:
            grave = "it should have blocked publishing" if blocking else "it does not block publishing"
        else:
            grave = f"{count(blocking)} should have blocked publishing" if blocking else "none blocks publishing"
        opening = f"{count(len(failed))} of {counted(len(checks), 'check')} failed; {grave}."
    return " ".join([opening, *source_sentences(sources)])


def source_sentences(sources: pd.DataFrame) -> list[str]:
    """Which sources are too old, failed last or fell silent, a sentence for each of these, as Markdown."""
    ages, limits = sources["hours_since_load"].astype(float), sources["max_staleness_hours"].astype(float)
    is_old = ages.isna() | (ages > limits)
    old, failing = sources[is_old], sources[~is_old & (sources["last_status"] == "failed")]
    quiet = sources[~is_old & sources["is_quiet"].astype(bool)]
    sentences = []
    if len(old) == 1:
        row = old.iloc[0]
        age = row["hours_since_load"]
        state = "has never been loaded" if is_missing(age) else f"is stale: its data is {duration(age)} old"
        sentences.append(f"{plain(row['source_label'])} {state}.")
    elif len(old):
        sentences.append(f"{count(len(old))} of {counted(len(sources), 'source')} are stale: {_names(old)}.")
    if len(failing) == 1:
        sentences.append(f"The last load of {_names(failing)} failed; its earlier data is in use.")
    elif len(failing):
        sentences.append(
            f"The last load of {count(len(failing))} sources failed: {_names(failing)}; their earlier data is in use."
        )
    if len(quiet) == 1:
        sentences.append(f"{_names(quiet)} has brought nothing new for {duration(quiet.iloc[0]['quiet_hours'])}.")
    elif len(quiet):
        sentences.append(
            f"{count(len(quiet))} sources have brought nothing new for longer than usual: {_names(quiet)}."
        )
    return sentences


def _names(sources: pd.DataFrame) -> str:
    return ", ".join(plain(label) for label in sources["source_label"])


def last_run_sentence(last: LastRun, run: PublishedRun) -> str:
    """Since when the numbers are no newer than they are, and why, as Markdown."""
    zone = run.reporting_timezone
    at = moment(last.finished_at, zone)
    if last.status == "rolled_back":
        what = f"The numbers were rolled back on {at}"
    elif last.failed_runs > 1 and last.failing_since:
        first, failed = moment(last.failing_since, zone), count(last.failed_runs)
        what = f"Refreshes have failed since {first}, {failed} in a row, the last on {at}"
    else:
        what = f"The refresh of {at} failed"
    reason = f": {plain(last.message[:300]).rstrip('.')}" if last.message.strip() else ""
    return (
        f"{what}{reason}. You are looking at the numbers published {moment(run.published_at, zone)}, "
        f"as of {moment(run.as_of, zone)}."
    )


def replay_sentence(run: Replay, stage: pd.Series, before: int, after: int) -> str:
    """What the changed rules would have made of a stage's crossings, in two sentences, as Markdown.

    `stage` is a row of `data.replayed_stages`; `before` and `after` count crossings by the rules compared.
    """
    label = plain(stage["stage_label"])
    first, last = month(run.from_date), month(run.to_date)
    period = f"in {first}" if first == last else f"from {first} to {last}"
    times = f"{count(after)} {label}{'' if after == 1 else 's'}"
    if before == after and not stage["gone_count"] and not stage["new_count"]:
        return f"By the changed rules there would have been {times} {period}, the same as before."
    difference = f" ({change(after, before)})" if before and before != after else ""
    opening = f"By the changed rules there would have been {times} {period} instead of {count(before)}{difference}."
    parts = []
    if stage["gone_count"]:
        deals = _with_deals(stage["gone_count"], stage["gone_opportunity_count"], run.opportunity_days)
        parts.append(f"{counted(stage['gone_count'], 'lead')} would no longer have become one, {deals}")
    if stage["new_count"]:
        deals = _with_deals(stage["new_count"], stage["new_opportunity_count"], run.opportunity_days)
        parts.append(f"{counted(stage['new_count'], 'lead')} only then, {deals}")
    if not parts:
        return f"{opening} The leads are the same; some would have become one more or less often."
    return f"{opening} {'; '.join(parts)}."


def _with_deals(lead_count: int, opportunity_count: int, days: int) -> str:
    if not opportunity_count:
        return f"{'without' if lead_count == 1 else 'none of them with'} a deal within {days} days"
    if lead_count == 1:
        return f"with a deal within {days} days"
    return f"{count(opportunity_count)} of them with a deal within {days} days"

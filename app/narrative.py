"""The sentence that opens a page, and the judgements behind it. Pure functions, true for any data."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd

from app.data import LastRun, PublishedRun
from app.filters import Period
from app.formatting import change, count, duration, is_missing, moment, month, plain, rate, sentence_case
from app.languages import _, n_
from app.queries.replay import Replay


@dataclass(frozen=True)
class Step:
    """The way from one stage to the next one."""

    from_label: str
    to_label: str
    from_order: int
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
            from_order=int(before.stage_order),
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
        from_order=0,
        to_stage=last["stage"],
        to_order=int(last["stage_order"]),
        entered=cohort_size(funnel),
        reached=int(last["lead_count"]),
        rate=None if is_missing(last["entry_rate"]) else float(last["entry_rate"]),
    )


def weakest_step(funnel: pd.DataFrame, least: int) -> Step | None:
    """The step that the smallest share takes; None where no step has at least `least` leads, or none loses any."""
    judged = [step for step in steps(funnel) if step.entered >= least and step.reached < step.entered]
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


def funnel_sentence(funnel: pd.DataFrame, period: Period, least: int) -> str:
    """What happened to the leads of the period, in one or two sentences, as Markdown."""
    size = cohort_size(funnel)
    ordered = funnel.sort_values("stage_order")
    if not size:
        return _("No lead that was created {period} has entered the funnel.", period=period.words)
    opening = n_("{count} lead was created {period}", "{count} leads were created {period}", size, period=period.words)
    if len(ordered) == 1:
        return _("{opening}; only one stage is defined, so there is no step to compare.", opening=opening)
    first, last = ordered.iloc[0], ordered.iloc[-1]
    reached = ordered[ordered["lead_count"] > 0].iloc[-1]
    if reached["stage_order"] == first["stage_order"]:
        return _("{opening}; none has gone beyond {stage} yet.", opening=opening, stage=plain(first["stage_label"]))
    if reached["stage_order"] == last["stage_order"]:
        opening = _(
            "{opening}; {reached} ({share}) reached {stage}",
            opening=opening,
            reached=count(last["lead_count"]),
            share=_("all of them") if last["lead_count"] == size else rate(last["entry_rate"]),
            stage=plain(last["stage_label"]),
        )
    else:
        opening = _(
            "{opening}; none has reached {stage} yet, the furthest is {furthest}",
            opening=opening,
            stage=plain(last["stage_label"]),
            furthest=plain(reached["stage_label"]),
        )
    weakest = weakest_step(funnel, least)
    if weakest:
        return _(
            "{opening}. The weakest step is {step}: {rate} go on.",
            opening=opening,
            step=plain(weakest.name),
            rate=rate(weakest.rate),
        )
    if all(step.entered == step.reached for step in steps(funnel)):
        return _("{opening}. No step loses a lead.", opening=opening)
    return _(
        "{opening}. No step that loses leads has the {least} it takes to name the weakest.",
        opening=opening,
        least=count(least),
    )


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
        opening = _("No check was recorded for this run.")
    elif failed.empty:
        opening = n_("The only check passed.", "All {count} checks passed.", len(checks))
    else:
        blocking = int((failed["severity"] == "block").sum())
        if blocking:
            grave = n_("{count} should have blocked publishing.", "{count} should have blocked publishing.", blocking)
        else:
            grave = n_("It does not block publishing.", "None blocks publishing.", len(failed))
        opening = n_(
            "{failed} of {count} check failed.",
            "{failed} of {count} checks failed.",
            len(checks),
            failed=count(len(failed)),
        )
        opening += " " + grave
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
        name, age = plain(row["source_label"]), row["hours_since_load"]
        if is_missing(age):
            sentences.append(_("{source} has never been loaded.", source=name))
        else:
            sentences.append(_("{source} is stale: its data is {age} old.", source=name, age=duration(age)))
    elif len(old):
        sentences.append(
            n_(
                "{old} of {count} source are stale: {names}.",
                "{old} of {count} sources are stale: {names}.",
                len(sources),
                old=count(len(old)),
                names=_names(old),
            )
        )
    if len(failing):
        sentences.append(
            n_(
                "The last load of {names} failed; its earlier data is in use.",
                "The last load of {count} sources failed: {names}; their earlier data is in use.",
                len(failing),
                names=_names(failing),
            )
        )
    if len(quiet) == 1:
        hours = duration(quiet.iloc[0]["quiet_hours"])
        sentences.append(_("{source} has brought nothing new for {time}.", source=_names(quiet), time=hours))
    elif len(quiet):
        sentences.append(
            n_(
                "{count} source has brought nothing new for longer than usual: {names}.",
                "{count} sources have brought nothing new for longer than usual: {names}.",
                len(quiet),
                names=_names(quiet),
            )
        )
    return sentences


def _names(sources: pd.DataFrame) -> str:
    return ", ".join(plain(label) for label in sources["source_label"])


def last_run_sentence(last: LastRun, run: PublishedRun) -> str:
    """Since when the numbers are no newer than they are, and why, as Markdown."""
    zone = run.reporting_timezone
    at = moment(last.finished_at, zone)
    if last.status == "rolled_back":
        what = _("The numbers were rolled back on {moment}", moment=at)
    elif last.failed_runs > 1 and last.failing_since:
        what = n_(
            "Refreshes have failed since {since}, {count} in a row, the last on {moment}",
            "Refreshes have failed since {since}, {count} in a row, the last on {moment}",
            last.failed_runs,
            since=moment(last.failing_since, zone),
            moment=at,
        )
    else:
        what = _("The refresh of {moment} failed", moment=at)
    reason = f": {plain(last.message[:300]).rstrip('.')}" if last.message.strip() else ""
    shown = _(
        "You are looking at the numbers published {published}, as of {as_of}.",
        published=moment(run.published_at, zone),
        as_of=moment(run.as_of, zone),
    )
    return f"{what}{reason}. {shown}"


def replay_sentence(run: Replay, stage: pd.Series, before: int, after: int) -> str:
    """What the changed rules would have made of a stage's crossings, in two sentences, as Markdown.

    `stage` is a row of `queries.replay.replayed_stages`; `before` and `after` count crossings by the rules compared.
    """
    label, first, last = plain(stage["stage_label"]), month(run.from_date), month(run.to_date)
    period = _("in {month}", month=first) if first == last else _("from {first} to {last}", first=first, last=last)
    values = {"stage": label, "period": sentence_case(period)}
    if before == after and not stage["gone_count"] and not stage["new_count"]:
        return n_(
            "{period}, leads would have come to be {stage} by the changed rules as often as before: {count} time.",
            "{period}, leads would have come to be {stage} by the changed rules as often as before: {count} times.",
            after,
            **values,
        )
    difference = f" ({change(after, before)})" if before and before != after else ""
    opening = n_(
        "{period}, leads would have come to be {stage} by the changed rules {count} time instead of {before}{change}.",
        "{period}, leads would have come to be {stage} by the changed rules {count} times instead of {before}{change}.",
        after,
        **values,
        before=count(before),
        change=difference,
    )
    parts = []
    if stage["gone_count"]:
        gone = n_(
            "{count} lead would no longer have become one",
            "{count} leads would no longer have become one",
            stage["gone_count"],
        )
        parts.append(
            f"{gone}, {_with_deals(stage['gone_count'], stage['gone_opportunity_count'], run.opportunity_days)}"
        )
    if stage["new_count"]:
        new = n_("{count} lead only then", "{count} leads only then", stage["new_count"])
        parts.append(f"{new}, {_with_deals(stage['new_count'], stage['new_opportunity_count'], run.opportunity_days)}")
    if not parts:
        return f"{opening} {_('The leads are the same; some would have become one more or less often.')}"
    return f"{opening} {'; '.join(parts)}."


def _with_deals(lead_count: int, opportunity_count: int, days: int) -> str:
    if not opportunity_count:
        if lead_count == 1:
            return n_("without a deal within {count} day", "without a deal within {count} days", days)
        return n_("none of them with a deal within {count} day", "none of them with a deal within {count} days", days)
    if lead_count == 1:
        return n_("with a deal within {count} day", "with a deal within {count} days", days)
    return n_(
        "{deals} of them with a deal within {count} day",
        "{deals} of them with a deal within {count} days",
        days,
        deals=count(opportunity_count),
    )

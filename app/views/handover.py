"""Hand-over and SLA: do we answer in time, and what comes back?"""

import pandas as pd
from babel.dates import get_day_names

from app import charts, formatting, records, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import _, locale, n_
from app.queries import handover as queries

SHOWN_TEAMS = 8
SHOWN_REASONS = 8
SHOWN_LEADS = 15
MOST_HOURS = 40
# More than the chart shows, few enough to be saved.
MOST_TIMES = 1000
COLOURS = (charts.BLUE, charts.ORANGE, charts.PLUM, charts.GREY, charts.PALE_BLUE)


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    period, before = frame.period, frame.period_before
    rows = queries.attainment(frame.file, period.from_date, period.to_date, frame.selection)
    if rows.empty or not rows["handoff_count"].iloc[0]:
        return shell.nothing_matches()
    earlier = queries.attainment(frame.file, before.from_date, before.to_date, frame.selection) if before else None
    outcomes = queries.outcomes(frame.file, period.from_date, period.to_date, frame.selection).iloc[0]
    waiting = queries.past_due(frame.file, frame.selection, SHOWN_LEADS)
    now = rows.iloc[0]
    then = None if earlier is None or earlier.empty else earlier.iloc[0]
    return Page(
        sentence=sentence(now, len(waiting) and int(waiting["all_count"].iloc[0]), frame.build.least_group_count),
        cards=_cards(frame, now, then, outcomes, waiting),
        rows=lambda: [
            [(1, _answers_chart(frame)), (1, _states_chart(frame))],
            [(3, _hours_map(frame)), (2, _reasons_chart(frame))],
            _waiting_table(frame, waiting),
        ],
        next_steps=[NextStep(_("See who is stuck behind the hand-over"), "velocity")],
    )


def sentence(row: pd.Series, waiting: int, least: int) -> str:
    """How many were answered in time, and how many wait past it."""
    if row["judged_count"] < least:
        first = n_(
            "Only {count} hand-over can be judged: too few for a rate",
            "Only {count} hand-overs can be judged: too few for a rate",
            row["judged_count"],
        )
    else:
        first = n_(
            "{rate} of {count} hand-over was answered within the SLA",
            "{rate} of {count} hand-overs were answered within the SLA",
            row["judged_count"],
            rate=formatting.rate(row["attainment_rate"]),
        )
    if not waiting:
        return _("{opening}; none waits past it now.", opening=first)
    return n_(
        "{opening}; {count} lead waits past it now.",
        "{opening}; {count} leads wait past it now.",
        waiting,
        opening=first,
    )


def _cards(
    frame: shell.Frame, now: pd.Series, then: pd.Series | None, outcomes: pd.Series, waiting: pd.DataFrame
) -> list[Card]:
    least, period = frame.build.least_group_count, frame.compared_period
    is_judged = now["judged_count"] >= least
    points = None
    if then is not None and is_judged and then["judged_count"] >= least:
        points = formatting.points(now["attainment_rate"], then["attainment_rate"])
    bounds = (
        f"{formatting.rate(now['attainment_rate_lower'])} – {formatting.rate(now['attainment_rate_upper'])}"
        if is_judged
        else n_("of {count}: too few", "of {count}: too few", now["judged_count"])
    )
    is_better = points is not None and now["attainment_rate"] > then["attainment_rate"]
    decided = int(outcomes["decided_count"])
    late = int(waiting["all_count"].iloc[0]) if len(waiting) else 0
    return [
        Card(
            _("In time"),
            formatting.rate(now["attainment_rate"]) if is_judged else formatting.MISSING,
            pill=points or bounds,
            compared=_("vs {period}", period=period.short) if points and period else None,
            tone="plain" if points is None or points.startswith("0") else "good" if is_better else "bad",
            arrow=points is not None,
            meaning=_(
                "Met ÷ (met, breached, and past due without an answer). Whom sales was not to answer any more is left "
                "out. 95 % bounds: {bounds}.",
                bounds=bounds,
            ),
        ),
        Card(
            _("Median answer"),
            _hours(now["median_response_business_hours"]),
            pill=_("slowest tenth: {hours}", hours=_hours(now["slowest_tenth_business_hours"])),
            meaning=_("Business hours of the owner's country from the hand-over to the first answer by a person."),
        ),
        Card(
            _("Past due now"),
            formatting.count(late),
            pill=_("whatever the period"),
            tone="bad" if late else "good",
            meaning=_("Hand-overs without an answer whose SLA has passed."),
        ),
        Card(
            _("Sent back"),
            formatting.rate(outcomes["rejection_rate"]) if decided >= least else formatting.MISSING,
            pill=n_("of {count} decided", "of {count} decided", decided),
            meaning=_(
                "Share of the decided hand-overs that sales returned for a reason that says they came too early or "
                "wrongly."
            ),
        ),
        Card(
            _("Accepted"),
            formatting.rate(outcomes["acceptance_rate"]) if decided >= least else formatting.MISSING,
            pill=n_("of {count} decided", "of {count} decided", decided),
            meaning=_("Share of the decided hand-overs after which the lead moved on beyond the stage."),
        ),
    ]


def _hours(value: float | None) -> str:
    if formatting.is_missing(value):
        return formatting.MISSING
    return _("{hours} h", hours=formatting.number(value)) if value >= 1 else formatting.duration(value)


def _answers_chart(frame: shell.Frame) -> Block:
    """How many had their answer after so many business hours."""
    rows = queries.answers(frame.file, frame.period.from_date, frame.period.to_date, frame.selection, MOST_TIMES)
    target = queries.target_hours(frame.file)
    title = _("How soon the first answer comes")
    note = _("share of the hand-overs that can be judged, answered within so many business hours")
    if target is not None:
        note += " · " + _("dashed: the SLA's {hours}", hours=_hours(target))
    if rows.empty or rows["judged_count"].iloc[0] < frame.build.least_group_count:
        return Words("answers_card", title, note, _("Too few hand-overs can be judged."))
    judged = int(rows["judged_count"].iloc[0])
    shares = rows["answered_count"] / judged
    name = _("answered")
    shown = pd.DataFrame({"x": rows["hours"], "value": shares, "series": name})
    shown = pd.concat([pd.DataFrame({"x": [0.0], "value": [0.0], "series": [name]}), shown[shown["x"] <= MOST_HOURS]])
    shown = shell.thinned(shown, "series", 80)
    shown = shown.assign(
        detail=[
            _("{rate} within {hours}", rate=formatting.rate(value), hours=_hours(hours))
            for value, hours in zip(shown["value"], shown["x"], strict=True)
        ]
    )
    end = max(float(shown["x"].max()), target or 0.0, 1.0)
    return Chart(
        "answers_card",
        title,
        note,
        charts.curves(
            shown,
            [name],
            charts.ticks(0, end, formatting.count),
            charts.ticks(0, 1, formatting.percent),
            _("Business hours"),
            at=target,
        ),
        alt=_(
            "Of {count} hand-overs, {rate} were answered at all", count=judged, rate=formatting.rate(shares.iloc[-1])
        ),
        rows=rows,
    )


def _states_chart(frame: shell.Frame) -> Block:
    """The state of the hand-overs, team by team."""
    teams = queries.attainment(frame.file, frame.period.from_date, frame.period.to_date, frame.selection, "team")
    shown = teams.head(SHOWN_TEAMS)
    states = {
        "met_count": _("in time"),
        "breached_count": _("late"),
        "past_due_open_count": _("past due, open"),
        "running_count": _("still running"),
        "void_count": _("void"),
    }
    names = {
        row.dimension_value: _("no team") if row.dimension_value == shell.NOT_RECORDED else row.dimension_value
        for row in shown.itertuples()
    }
    period = frame.period

    def behind(code: str) -> Block:
        state, team = code.split(" ", 1)
        handoffs = queries.state_behind(
            frame.file,
            period.from_date,
            period.to_date,
            frame.selection,
            team,
            state.removesuffix("_count"),
            records.LISTED,
        )
        return records.handoffs_table(frame, "states_behind", f"{names[team]}, {states[state]}", handoffs)

    rows = pd.DataFrame(
        {
            charts.CODE: f"{column} {row.dimension_value}",
            "label": names[row.dimension_value],
            "series": name,
            "value": float(getattr(row, column)) / row.handoff_count,
            "text": formatting.count(getattr(row, column)) if getattr(row, column) / row.handoff_count > 0.06 else "",
            "detail": _(
                "{part} of {whole}",
                part=formatting.count(getattr(row, column)),
                whole=formatting.count(row.handoff_count),
            ),
        }
        for row in shown.itertuples()
        for column, name in states.items()
    )
    return Chart(
        "states_card",
        _("What became of the clocks, by team"),
        _("hand-overs of the period · void: nobody was to answer any more"),
        charts.stacked_bars(rows, list(states.values()), COLOURS),
        alt="; ".join(
            f"{row.dimension_value}: {formatting.rate(row.attainment_rate)} ({formatting.count(row.judged_count)})"
            for row in shown.itertuples()
        ),
        rows=teams,
        behind=behind,
    )


def _hours_map(frame: shell.Frame) -> Block:
    """When hand-overs come, and whether those are answered in time."""
    rows = queries.when_they_come(frame.file, frame.period.from_date, frame.period.to_date, frame.selection)
    title = _("When leads are handed over")
    note = _("hand-overs by weekday and hour · number: how many · dark: many")
    if rows.empty:
        return Words("hours_card", title, note, _("No lead was handed over."))
    names = get_day_names("abbreviated", "stand-alone", locale=locale())
    days = [names[day] for day in range(7)]
    blocks = [f"{hour:02}–{hour + 3:02}" for hour in range(0, 24, 3)]
    grouped = (
        rows.assign(day=rows["weekday"].astype(int) - 1, block=rows["hour"].astype(int) // 3)
        .groupby(["day", "block"])[["handoff_count", "met_count", "judged_count"]]
        .sum()
    )
    most = max(int(grouped["handoff_count"].max()), 1)
    cells = []
    for day, name in enumerate(days):
        for block, hours in enumerate(blocks):
            found = grouped.loc[(day, block)] if (day, block) in grouped.index else None
            count = 0 if found is None else int(found["handoff_count"])
            cells.append(
                {
                    "row": name,
                    "column": hours,
                    "shade": count / most if count else None,
                    "text": formatting.count(count) if count else "",
                    "detail": _(
                        "{met} of {judged} answered in time",
                        met=formatting.count(0 if found is None else found["met_count"]),
                        judged=formatting.count(0 if found is None else found["judged_count"]),
                    ),
                }
            )
    return Chart(
        "hours_card",
        title,
        note,
        charts.heat_map(pd.DataFrame(cells), days, blocks),
        alt=shell.cells_in_words(pd.DataFrame(cells)),
        rows=rows,
        width=30,
    )


def _reasons_chart(frame: shell.Frame) -> Block:
    """Why leads came back."""
    rows = queries.outcomes(frame.file, frame.period.from_date, frame.period.to_date, frame.selection, "reason")
    rows = rows[(rows["dimension_value"] != shell.NOT_RECORDED) & (rows["returned_count"] > 0)]
    rows = rows.sort_values(["returned_count", "dimension_value"], ascending=[False, True])
    title, note = _("Why sales sends leads back"), _("hand-overs of the period that were returned, by reason")
    if rows.empty:
        return Words("reasons_card", title, note, _("No lead came back with a reason."))
    period = frame.period

    def behind(reason: str) -> Block:
        handoffs = queries.returned_behind(
            frame.file, period.from_date, period.to_date, frame.selection, reason, records.LISTED
        )
        return records.handoffs_table(frame, "reasons_behind", formatting.worded(reason), handoffs)

    shown = pd.DataFrame(
        {
            charts.CODE: rows["dimension_value"].head(SHOWN_REASONS),
            "label": [formatting.worded(value) for value in rows["dimension_value"].head(SHOWN_REASONS)],
            "value": rows["returned_count"].head(SHOWN_REASONS).astype(float),
            "text": [formatting.count(value) for value in rows["returned_count"].head(SHOWN_REASONS)],
            "detail": [
                n_("{count} was handed over again", "{count} were handed over again", value)
                for value in rows["requalified_count"].head(SHOWN_REASONS)
            ],
        }
    )
    return Chart(
        "reasons_card",
        title,
        note,
        charts.ranked_bars(shown),
        alt="; ".join(f"{row.label}: {row.text}" for row in shown.itertuples()),
        rows=rows,
        behind=behind,
    )


def _waiting_table(frame: shell.Frame, waiting: pd.DataFrame) -> Block:
    """Who waits past the SLA now."""
    title = _("Who waits past the SLA")
    note = _("now, whatever the period · the longest first · choose a row to see the account's journey")
    if waiting.empty:
        text = f":green-badge[:material/check_circle: {_('Nobody waits past the SLA.')}]"
        return Words("waiting_card", title, note, text)
    zone = frame.run.reporting_timezone
    texts = pd.DataFrame(
        {
            _("Lead"): waiting["lead_id"],
            _("Account"): records.texts(waiting["account_name"]),
            _("Owner"): records.texts(waiting["owner_id"]),
            _("Handed over"): [formatting.moment(value, zone) for value in waiting["started_at"]],
            _("Was due"): [formatting.moment(value, zone) for value in waiting["due_at"]],
            _("Past due for"): [formatting.duration(value) for value in waiting["hours_past_due"]],
        }
    )
    hidden = int(waiting["all_count"].iloc[0]) - len(waiting)
    return Table(
        "waiting_card",
        title,
        note,
        texts,
        rows=waiting.drop(columns="all_count"),
        alt=_("Leads that wait past the SLA"),
        numbers=(_("Past due for"),),
        opens="journeys",
        links=records.links(waiting),
        footnote=n_("{count} more lead not shown", "{count} more leads not shown", hidden) if hidden > 0 else "",
    )


if __name__ == "__main__":
    shell.show(content)

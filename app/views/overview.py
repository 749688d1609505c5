"""Overview: are we building enough revenue, and what must be decided?"""

from datetime import date

import pandas as pd

from app import charts, formatting, records, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import _, n_
from app.pages import ENTRIES
from app.queries import overview as queries

SHOWN_DECISIONS = 4
# Where what needs a decision is seen in full.
PAGES = {
    "stuck_leads": "velocity",
    "stuck_opportunities": "opportunities",
    "overdue_answers": "handover",
    "late_answers": "handover",
    "score_alarms": "scores",
    "data_gaps": "data-health",
}


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    period, before = frame.period, frame.period_before
    deals = queries.deals(frame.file, period.from_date, period.to_date, frame.selection)
    if not deals["opened_count"] and not deals["closed_count"]:
        return shell.nothing_matches()
    deals_before = queries.deals(frame.file, before.from_date, before.to_date, frame.selection) if before else None
    months = queries.months(frame.file, period.from_date, period.to_date, frame.selection)
    return Page(
        sentence=sentence(frame, deals, deals_before),
        cards=_cards(frame, deals, deals_before, months),
        rows=lambda: [
            [(3, _months_chart(frame, months)), (2, _decisions_table(frame))],
            *targets_chart(frame, queries.targets(frame.file, period.from_date, period.to_date)),
        ],
        next_steps=[NextStep(_("See at which step most money is lost"), "funnel")],
    )


def sentence(frame: shell.Frame, deals: pd.Series, before: pd.Series | None) -> str:
    """What was opened and what was won, and how that compares."""
    period = frame.compared_period
    opened = frame.money(deals["pipeline_amount"])
    if not deals["opened_count"]:
        first = _("No pipeline was opened {period}", period=frame.period.words)
    else:
        change = formatting.change(deals["pipeline_amount"], before["pipeline_amount"]) if before is not None else None
        if change and period:
            first = _(
                "Pipeline of {amount} was opened {period}, {change} on {before}",
                amount=opened,
                period=frame.period.words,
                change=formatting.plain(change),
                before=period.words,
            )
        else:
            first = _("Pipeline of {amount} was opened {period}", amount=opened, period=frame.period.words)
    if not deals["won_count"]:
        return _("{opened}; no deal was won.", opened=first)
    return n_(
        "{opened}; {amount} was won with {count} deal.",
        "{opened}; {amount} was won with {count} deals.",
        deals["won_count"],
        opened=first,
        amount=frame.money(deals["won_amount"]),
    )


def _cards(frame: shell.Frame, deals: pd.Series, before: pd.Series | None, months: pd.DataFrame) -> list[Card]:
    period = frame.compared_period
    meanings = queries.kpi_definitions(frame.file)
    whole = months[[not frame.is_running(value) for value in months["month_start_date"]]]

    def earlier(column: str) -> float | None:
        return None if before is None else before[column]

    return [
        Card(
            _("New pipeline"),
            frame.money(deals["pipeline_amount"]),
            meaning=meanings.get("pipeline_amount"),
            trend=list(whole["pipeline_amount"]),
            **shell.compared(deals["pipeline_amount"], earlier("pipeline_amount"), period),
        ),
        Card(
            _("Revenue won"),
            frame.money(deals["won_amount"]),
            meaning=meanings.get("won_amount"),
            trend=list(whole["won_amount"]),
            **shell.compared(deals["won_amount"], earlier("won_amount"), period),
        ),
        _win_rate_card(frame, deals, before, whole, meanings.get("win_rate")),
        Card(
            _("Sales cycle, median"),
            formatting.days(deals["median_cycle_days"]),
            meaning=_("Days from a deal's creation to its close; deals won in the period, half of them took longer."),
            trend=list(whole["median_cycle_days"].dropna()),
            **(
                shell.compared(deals["median_cycle_days"], earlier("median_cycle_days"), period, is_rise_good=False)
                if not formatting.is_missing(deals["median_cycle_days"])
                else {"pill": _("no deal was won")}
            ),
        ),
        _cost_card(frame, deals, before),
    ]


def _win_rate_card(
    frame: shell.Frame, deals: pd.Series, before: pd.Series | None, months: pd.DataFrame, meaning: str | None
) -> Card:
    closed = int(deals["closed_count"])
    if closed < frame.build.least_closed_count:
        pill = n_("of {count} closed: too few", "of {count} closed: too few", closed)
        return Card(_("Win rate"), formatting.MISSING, pill=pill, meaning=meaning)
    rate = deals["won_count"] / closed
    judged = months[months["closed_count"] > 0]
    pill = n_("of {count} closed", "of {count} closed", closed)
    earlier = None
    if before is not None and before["closed_count"] >= frame.build.least_closed_count:
        earlier = before["won_count"] / before["closed_count"]
    points = formatting.points(rate, earlier)
    return Card(
        _("Win rate"),
        formatting.rate(rate),
        pill=points or pill,
        compared=_("vs {period}", period=frame.compared_period.short) if points and frame.compared_period else None,
        tone="plain" if not points or abs(rate - earlier) < 0.0005 else "good" if rate > earlier else "bad",
        arrow=bool(points),
        meaning=meaning,
        trend=list(judged["won_count"] / judged["closed_count"]),
    )


def _cost_card(frame: shell.Frame, deals: pd.Series, before: pd.Series | None) -> Card:
    """Pipeline for each unit of money that marketing spent."""
    unit = formatting.plain(formatting.money(1, frame.currency))
    label = _("Pipeline per {unit} spent", unit=unit)
    meaning = _("Pipeline opened in the period ÷ what marketing cost in it, salaries and tools included.")
    if frame.selection.persona or frame.selection.segment:
        why = _("costs are not known by persona or segment")
        return Card(label, formatting.MISSING, pill=why, meaning=meaning)
    period, earlier = frame.period, frame.period_before
    cost = queries.marketing_cost(frame.file, period.from_date, period.to_date, frame.selection)
    if not cost:
        return Card(label, formatting.MISSING, pill=_("no cost is known"), meaning=meaning)
    value = deals["pipeline_amount"] / cost
    cost_before = earlier and queries.marketing_cost(frame.file, earlier.from_date, earlier.to_date, frame.selection)
    value_before = before["pipeline_amount"] / cost_before if before is not None and cost_before else None
    return Card(
        label,
        formatting.plain(_exact_money(value, frame.currency)),
        meaning=meaning,
        **shell.compared(value, value_before, frame.compared_period),
    )


def _exact_money(value: float, currency: str) -> str:
    return formatting.money(value, currency) if value >= 100 else formatting.small_money(value, currency)


def _months_chart(frame: shell.Frame, months: pd.DataFrame) -> Chart:
    """Pipeline and revenue, month by month."""
    names = {"pipeline_amount": _("New pipeline"), "won_amount": _("Revenue won")}
    rows = pd.DataFrame(
        {
            "position": position,
            "month": formatting.month(row.month_start_date),
            "series": name,
            "value": float(getattr(row, column)),
            "is_partial": frame.is_running(row.month_start_date),
            "detail": formatting.money(getattr(row, column), frame.currency),
            charts.CODE: f"{row.month_start_date:%Y-%m-%d} {column}",
        }
        for column, name in names.items()
        for position, row in enumerate(months.itertuples())
    )
    ticks = charts.ticks(0, float(rows["value"].max()) or 1, lambda value: formatting.money(value, frame.currency))
    period = frame.period

    def behind(code: str) -> Block:
        month, column = code.split(" ")
        deals = queries.deals_behind(
            frame.file, period.from_date, period.to_date, frame.selection, month, column, records.LISTED
        )
        mark = f"{formatting.month(date.fromisoformat(month))}, {names[column]}"
        return records.deals_table(frame, "months_behind", mark, deals, names[column])

    return Chart(
        "months_card",
        _("Pipeline opened and revenue won by month"),
        _("unit: deals, by the month they were created or won in · dashed: the month is not over"),
        charts.month_lines(rows, list(names.values()), ticks),
        alt="; ".join(f"{row.month}, {row.series}: {row.detail}" for row in rows.itertuples()),
        rows=months,
        width=34,
        behind=behind,
    )


def _decisions_table(frame: shell.Frame) -> Block:
    """What the numbers point at, by the money at stake."""
    rows = queries.decisions(frame.file, SHOWN_DECISIONS)
    title = _("What needs a decision")
    note = _("of all the data, whatever the filters · by the money at stake · amounts overlap")
    if rows.empty:
        return Words("decisions_card", title, note, _("Nothing stands out."))
    texts = pd.DataFrame(
        {
            _("At stake"): [f"**{frame.money(value)}**" for value in rows["value_at_stake_amount"]],
            _("What"): [
                " · ".join(
                    [
                        *(
                            []
                            if formatting.is_missing(row.stage_label)
                            else [f"**{formatting.plain(row.stage_label)}**"]
                        ),
                        formatting.plain(row.description),
                        f"*{formatting.plain(row.recommended_action)}*",
                    ]
                )
                for row in rows.itertuples()
            ],
        }
    )
    return Table(
        "decisions_card",
        title,
        note,
        texts,
        rows=rows,
        alt=_("Findings by the money at stake"),
        numbers=(_("At stake"),),
        unbroken=(_("At stake"),),
        width=18,
        next_steps=[
            NextStep(_("Open {page}", page=_(ENTRIES[address].title)), address)
            for address in dict.fromkeys(PAGES[diagnostic] for diagnostic in rows["diagnostic"])
        ],
    )


def targets_chart(frame: shell.Frame, rows: pd.DataFrame) -> list[Block]:
    """How far the targets of the period have been reached."""
    if rows.empty:
        return []
    shares = rows["value"].astype(float) / rows["target"].astype(float).where(rows["target"] > 0)
    shown = pd.DataFrame(
        {
            "label": rows["kpi_label"],
            "share": shares,
            "text": [
                _(
                    "{value} of {target}",
                    value=formatting.figure(row.value, row.unit, frame.currency),
                    target=formatting.figure(row.target, row.unit, frame.currency),
                )
                for row in rows.itertuples()
            ],
            "detail": [formatting.rate(share) for share in shares],
            "is_good": [
                (share >= 1) if direction != "lower" else (share <= 1)
                for share, direction in zip(shares, rows["direction"], strict=True)
            ],
        }
    )
    return [
        Chart(
            "targets_card",
            _("Against target"),
            _("months of the period, all the data · the line is the target · orange: missed so far"),
            charts.bullets(shown),
            alt="; ".join(f"{row.label}: {row.text} ({row.detail})" for row in shown.itertuples()),
            rows=rows,
        )
    ]


if __name__ == "__main__":
    shell.show(content)

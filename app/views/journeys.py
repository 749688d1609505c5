"""Journeys: what happened with one account, and why do its people have these scores?"""

from datetime import UTC, date, datetime
from itertools import pairwise

import pandas as pd

from app import charts, formatting, people, shell
from app.content import Block, Card, Chart, Page, State, Table, Words
from app.languages import _, n_
from app.queries import funnel as stage_queries
from app.queries import journeys as queries

OFFERED_ACCOUNTS = 50
SHOWN_TOUCHES = 300
LISTED_TOUCHES = 15
SHOWN_RULES = 12
CAP = "(cap)"  # what a cap takes off the points of a group


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    words, asked = frame.search("find", _("Find an account"), anew="account"), frame.asked("account")
    offered = queries.accounts(frame.file, words, OFFERED_ACCOUNTS)
    names_of = dict(zip(offered["account_id"], offered["account_name"], strict=True))
    wanted = asked or next(iter(names_of), None)
    if wanted is None and not words:
        return State(_("No account yet"), _("Not connected: needs accounts with deals, from a CRM or files."))
    account = None if wanted is None else queries.account(frame.file, wanted)
    if account is None:
        return State(
            _("There is no such account"),
            _(
                "{id} is not among the accounts. Open a list of leads or deals and choose a row there.",
                id=formatting.plain(wanted or words),
            ),
            icon=":material/search_off:",
        )
    account_id = frame.choose("account", _("Account"), _told_apart(names_of | {wanted: _name(account)}))
    leads = queries.leads(frame.file, account_id)
    names = people.names(frame.file, frame.viewer, list(leads["lead_id"]))
    said = {lead: names.get(lead, lead) for lead in leads["lead_id"]}
    touches = queries.touches(frame.file, account_id, SHOWN_TOUCHES)
    deals = queries.deals(frame.file, account_id)
    lead = frame.choose("lead", _("Person"), said) if len(said) else ""
    return Page(
        sentence=sentence(frame, account, leads, deals),
        choices=("account", "lead") if len(said) > 1 else ("account",),
        cards=_cards(frame, account, leads, lead),
        rows=lambda: [
            _time_line(frame, account_id, touches),
            [(3, _points_chart(frame, lead, said)), (2, _touches_table(frame, touches, said))],
            _people_table(frame, leads, said),
            _deals_table(frame, deals),
        ],
    )


def _name(account: pd.Series) -> str:
    return account["account_id"] if formatting.is_missing(account["account_name"]) else account["account_name"]


def _told_apart(names: dict[str, str]) -> dict[str, str]:
    """Names, with the id where several accounts bear one."""
    found = list(names.values())
    return {code: name if found.count(name) == 1 else f"{name} ({code})" for code, name in names.items()}


def sentence(frame: shell.Frame, account: pd.Series, leads: pd.DataFrame, deals: pd.DataFrame) -> str:
    """Who it is, since when, and how far it has come."""
    first = n_(
        "{name}: {count} person",
        "{name}: {count} people",
        len(leads),
        name=formatting.plain(_name(account)),
    )
    if not formatting.is_missing(account["first_touched_at"]):
        day = formatting.local(account["first_touched_at"].to_pydatetime(), frame.run.reporting_timezone)
        first = _("{opening}, first seen {day}", opening=first, day=formatting.day(day))
    if deals.empty:
        return _("{opening}; no deal yet.", opening=first)
    won, open_ = int(deals["is_won"].sum()), int((~deals["is_closed"].astype(bool)).sum())
    return n_(
        "{opening}; {count} deal, {won} won and {open} open.",
        "{opening}; {count} deals, {won} won and {open} open.",
        len(deals),
        opening=first,
        won=formatting.count(won),
        open=formatting.count(open_),
    )


def _cards(frame: shell.Frame, account: pd.Series, leads: pd.DataFrame, lead: str) -> list[Card]:
    chosen = leads[leads["lead_id"] == lead]
    row = chosen.iloc[0] if len(chosen) else None
    return [
        Card(
            _("Fit"),
            formatting.number(None if row is None else row["fit_score"], 0),
            pill=formatting.plain(row["grade"]) if row is not None else None,
            meaning=_("How well person and company suit what we sell, 0 to 100, by the rules of the playbook."),
        ),
        Card(
            _("Intent"),
            formatting.number(None if row is None else row["intent_score"], 0),
            pill=formatting.plain(row["quadrant_label"]) if row is not None else None,
            meaning=_("How much they show that they want to buy, 0 to 100; it fades by its half-lives."),
        ),
        Card(_("Touches"), formatting.count(account["touch_count"]), pill=_("of all its people")),
        Card(_("Open"), frame.money(account["open_amount"])),
        Card(_("Won"), frame.money(account["won_amount"])),
    ]


def _seconds(moment: pd.Timestamp) -> float:
    return moment.to_pydatetime().replace(tzinfo=UTC).timestamp()


def _time_line(frame: shell.Frame, account_id: str, touches: pd.DataFrame) -> Block:
    """Stages of deals and people, strong signals, and visits, on one time axis."""
    stays = queries.stays(frame.file, account_id)
    stays = stays[stays["entered_at"].notna()]
    title = _("What happened")
    note = _(
        "bars: the furthest stages of people and of deals · diamonds: forms, events, replies, talks · dots: visits and "
        "clicks"
    )
    moments = [*stays["entered_at"], *touches["occurred_at"]]
    if not moments:
        return Words("time_card", title, note, _("Nothing is on record for this account."))
    begin, end = _seconds(min(moments)), _seconds(pd.Timestamp(frame.run.as_of))
    room = max(end - begin, 86_400.0)
    labels = stage_queries.stages(frame.file)
    names = {(row.track, row.stage): row.stage_label for row in labels.itertuples()}
    most = max(int(labels["stage_order"].max()), 1)
    lanes = {"lead": _("People"), "opportunity": _("Deals")}
    strong, plain = _("Strong signals"), _("Visits and clicks")
    bars = [
        {
            "lane": lanes[track],
            "from": begin_,
            "to": end_,
            "label": names.get((track, stage), stage),
            "shade": order / most,
            "detail": f"{formatting.day(_day(frame, begin_))} – {formatting.day(_day(frame, end_))}",
        }
        for track in lanes
        for stage, order, begin_, end_ in _furthest(stays[stays["track"] == track], end)
    ]
    points = pd.DataFrame(
        {
            "lane": [plain if row.is_visit else strong for row in touches.itertuples()],
            "at": [_seconds(row.occurred_at) for row in touches.itertuples()],
            "kind": ["plain" if row.is_visit else "strong" for row in touches.itertuples()],
            "label": touches["activity_label"],
            "detail": [
                f"{formatting.moment(row.occurred_at, frame.run.reporting_timezone)} · {row.channel_label}"
                for row in touches.itertuples()
            ],
        }
    )
    step = room / 5
    ticks = [(begin + step * place, formatting.day(_day(frame, begin + step * place))) for place in range(6)]
    frame_of_bars = pd.DataFrame(bars, columns=["lane", "from", "to", "label", "shade", "detail"])
    hidden = int(touches["all_count"].iloc[0]) - len(touches) if len(touches) else 0
    return Chart(
        "time_card",
        title,
        note,
        charts.lanes(
            frame_of_bars, points, [*lanes.values(), strong, plain], ticks, begin - room * 0.01, end + room * 0.02
        ),
        alt="; ".join(f"{bar['lane']}: {bar['label']} {bar['detail']}" for bar in bars),
        rows=stays,
        footnote=n_("{count} older touch not shown", "{count} older touches not shown", hidden) if hidden > 0 else "",
        width=44,
    )


def _day(frame: shell.Frame, seconds: float) -> date:
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return formatting.local(moment, frame.run.reporting_timezone).date()


def _furthest(stays: pd.DataFrame, end: float) -> list[tuple[str, int, float, float]]:
    """The furthest stage that any of them stood in, from moment to moment: stage, order, from, to."""
    edges = sorted(
        {_seconds(value) for value in stays["entered_at"]} | {_seconds(value) for value in stays["exited_at"].dropna()}
    )
    pieces: list[tuple[str, int, float, float]] = []
    spans = [
        (
            row.stage,
            int(row.stage_order),
            _seconds(row.entered_at),
            end if pd.isna(row.exited_at) else _seconds(row.exited_at),
        )
        for row in stays.itertuples()
    ]
    for begin, until in pairwise([*edges, end]):
        standing = [span for span in spans if span[2] <= begin and span[3] > begin]
        if not standing or until <= begin:
            continue
        stage, order = max((order, stage) for stage, order, *_span in standing)[::-1]
        if pieces and pieces[-1][0] == stage and pieces[-1][3] == begin:
            pieces[-1] = (stage, order, pieces[-1][2], until)
        else:
            pieces.append((stage, order, begin, until))
    return pieces


def _points_chart(frame: shell.Frame, lead: str, said: dict[str, str]) -> Block:
    """Why one person has the scores."""
    title = _("Why this score: {person}", person=formatting.plain(said.get(lead, lead)))
    note = _("points of today, rule by rule · blue: fit, teal: intent, orange: taken away · then the sum of each")
    rows = queries.points(frame.file, lead) if lead else pd.DataFrame()
    if rows.empty:
        return Words("points_card", title, note, _("No rule gives or takes a point."))
    bars = []
    for dimension, kind, whole in (("fit", "plus", _("Fit")), ("intent", "other", _("Intent"))):
        part = rows[rows["dimension"] == dimension]
        total = 0.0
        for row in part.head(SHOWN_RULES).itertuples():
            name = _("cap of {group}", group=row.rule_group) if row.rule_id == CAP else row.rule_id
            bars.append(_bar(name, total, total + row.points, kind, row))
            total += float(row.points)
        rest = part.iloc[SHOWN_RULES:]
        if len(rest):
            points = float(rest["points"].sum())
            bars.append(_bar(n_("{count} more rule", "{count} more rules", len(rest)), total, total + points, kind))
            total += points
        if len(part):
            bars.append(_bar(_("{dimension} in all", dimension=whole), 0.0, total, "total"))
    table = pd.DataFrame(bars)
    return Chart(
        "points_card",
        title,
        note,
        charts.waterfall(table),
        alt="; ".join(f"{row.label} {row.text}" for row in table.itertuples()),
        rows=rows,
    )


def _bar(label: str, begin: float, end: float, kind: str, row: object = None) -> dict[str, object]:
    points = end - begin
    signed = formatting.number(points)
    rationale = getattr(row, "rationale", None)
    return {
        "label": formatting.worded(label),
        "begin": begin,
        "end": end,
        "kind": "minus" if points < 0 and kind != "total" else kind,
        "text": signed if kind == "total" or points < 0 else f"+{signed}",
        "detail": "" if formatting.is_missing(rationale) else str(rationale),
    }


def _touches_table(frame: shell.Frame, touches: pd.DataFrame, said: dict[str, str]) -> Block:
    """What happened last."""
    title, note = _("Last touches"), _("the latest first")
    if touches.empty:
        return Words("touches_card", title, note, _("No touch is on record."))
    shown = touches.head(LISTED_TOUCHES)
    texts = pd.DataFrame(
        {
            _("When"): [formatting.moment(value, frame.run.reporting_timezone) for value in shown["occurred_at"]],
            _("What"): [formatting.plain(value) for value in shown["activity_label"]],
            _("Channel"): [formatting.plain(value) for value in shown["channel_label"]],
            _("Who"): [formatting.plain(said.get(value, value)) for value in shown["lead_id"]],
        }
    )
    return Table(
        "touches_card",
        title,
        note,
        texts,
        rows=touches.drop(columns="all_count"),
        alt=_("Latest touches of the account"),
        unbroken=(_("When"),),
        width=30,
    )


def _people_table(frame: shell.Frame, leads: pd.DataFrame, said: dict[str, str]) -> Block:
    title, note = _("Its people"), _("most intent first")
    if leads.empty:
        return Words("people_card", title, note, _("Nobody of this account is known."))
    texts = pd.DataFrame(
        {
            _("Who"): [f"**{formatting.plain(said[value])}**" for value in leads["lead_id"]],
            _("Persona"): [formatting.plain(value) for value in leads["persona"]],
            _("Stage"): [formatting.plain(value) for value in leads["stage_label"]],
            _("Fit"): [formatting.number(value, 0) for value in leads["fit_score"]],
            _("Intent"): [formatting.number(value, 0) for value in leads["intent_score"]],
            _("Case"): [formatting.plain(value) for value in leads["quadrant_label"]],
            _("Learned chance"): [formatting.rate(value) for value in leads["learned_probability"]],
        }
    )
    return Table(
        "people_card",
        title,
        note,
        texts,
        rows=leads,
        alt=_("People of the account with their scores"),
        numbers=(_("Fit"), _("Intent"), _("Learned chance")),
        unbroken=(_("Who"),),
    )


def _deals_table(frame: shell.Frame, deals: pd.DataFrame) -> Block:
    title, note = _("Its deals"), _("the latest first · amounts now, of won deals at their close")
    if deals.empty:
        return Words("deals_card", title, note, _("No deal is on record."))
    zone = frame.run.reporting_timezone
    texts = pd.DataFrame(
        {
            _("Deal"): [f"**{formatting.plain(value)}**" for value in deals["opportunity_id"]],
            _("Kind"): [formatting.plain(value) for value in deals["opportunity_type"]],
            _("State"): [
                _("won") if row.is_won else _("lost") if row.is_closed else formatting.plain(row.stage_label)
                for row in deals.itertuples()
            ],
            _("Created"): [formatting.moment(value, zone) for value in deals["created_at"]],
            _("Closed"): [formatting.moment(value, zone) for value in deals["closed_at"]],
            _("Amount"): [
                frame.money(row.won_amount if row.is_won else row.current_amount) for row in deals.itertuples()
            ],
            _("Chance"): [formatting.rate(value) for value in deals["win_probability"]],
        }
    )
    return Table(
        "deals_card",
        title,
        note,
        texts,
        rows=deals,
        alt=_("Deals of the account"),
        numbers=(_("Amount"), _("Chance")),
        unbroken=(_("Deal"), _("Created"), _("Closed")),
    )


if __name__ == "__main__":
    shell.show(content)

"""Tables of people and deals, each row of which leads on to its account's journey."""

import pandas as pd

from app import formatting, people, shell
from app.content import Table, Words
from app.languages import _, n_

# As many as one looks through; the numbers above say how many there are.
LISTED = 200


def texts(values: pd.Series) -> list[str]:
    """A column as texts; what is not known as such."""
    return [formatting.MISSING if formatting.is_missing(value) else str(value) for value in values]


def links(rows: pd.DataFrame) -> list[dict[str, str]]:
    """Where each row leads to: its account, if it has one."""
    return [{"account": account} if isinstance(account, str) else {} for account in rows["account_id"]]


def _title(mark: str) -> str:
    return _("Behind {mark}", mark=formatting.plain(mark))


def _hidden(rows: pd.DataFrame) -> int:
    return int(rows["all_count"].iloc[0]) - len(rows)


def _opening(
    key: str, mark: str, note: str, columns: dict[str, list[str]], rows: pd.DataFrame, more: str, numbers=()
) -> Table:
    """The table of the records behind a mark; `more` says how many are not in it."""
    return Table(
        key,
        _title(mark),
        note,
        pd.DataFrame(columns),
        rows=rows.drop(columns=["all_count", "all_amount", "all_credit"], errors="ignore"),
        alt=_title(mark),
        numbers=numbers,
        opens="journeys",
        links=links(rows),
        footnote=more if _hidden(rows) > 0 else "",
    )


def leads_table(frame: shell.Frame, key: str, mark: str, rows: pd.DataFrame) -> Table | Words:
    """The leads behind a mark, as `queries.records.leads` gives them; with names for who may see people."""
    if rows.empty:
        return Words(key, _title(mark), "", _("No lead is behind it."))
    names = people.names(frame.file, frame.viewer, list(rows["lead_id"]))
    columns = {_("Lead"): texts(rows["lead_id"])}
    if names:
        columns[_("Person")] = [names.get(lead, formatting.MISSING) for lead in rows["lead_id"]]
    columns |= {
        _("Account"): texts(rows["account_name"]),
        _("Stage"): texts(rows["stage_label"]),
        _("Channel"): [shell.value_label(frame, "channel", value) for value in rows["channel"]],
        _("Segment"): texts(rows["segment"]),
        _("Fit"): [formatting.number(value, 0) for value in rows["fit_score"]],
        _("Intent"): [formatting.number(value, 0) for value in rows["intent_score"]],
        _("Created"): [formatting.day(value) for value in rows["created_date"]],
    }
    note = n_("{count} lead", "{count} leads", rows["all_count"].iloc[0])
    note += " · " + _("those that came less far first · choose a row to see the account's journey")
    more = n_("{count} more lead not shown", "{count} more leads not shown", _hidden(rows))
    return _opening(key, mark, note, columns, rows, more)


def deals_table(frame: shell.Frame, key: str, mark: str, rows: pd.DataFrame, amount: str) -> Table | Words:
    """The deals behind a mark, as `queries.records.deals` gives them; `amount` says what their money is."""
    if rows.empty:
        return Words(key, _title(mark), "", _("No deal is behind it."))
    columns = {
        _("Deal"): texts(rows["opportunity_id"]),
        _("Account"): texts(rows["account_name"]),
        _("Stage"): texts(rows["stage_label"]),
        amount: [formatting.money(value, frame.currency) for value in rows["amount"]],
        _("Channel"): [shell.value_label(frame, "channel", value) for value in rows["channel"]],
        _("Segment"): texts(rows["segment"]),
        _("Created"): [formatting.day(value) for value in rows["created_date"]],
        _("Closed"): [
            formatting.MISSING if formatting.is_missing(value) else formatting.day(value)
            for value in rows["closed_date"]
        ],
    }
    note = n_("{count} deal", "{count} deals", rows["all_count"].iloc[0])
    note += f", {frame.money(rows['all_amount'].iloc[0])}"
    note += " · " + _("most money first · choose a row to see the account's journey")
    more = n_("{count} more deal not shown", "{count} more deals not shown", _hidden(rows))
    return _opening(key, mark, note, columns, rows, more, numbers=(amount,))


def handoffs_table(frame: shell.Frame, key: str, mark: str, rows: pd.DataFrame) -> Table | Words:
    """The hand-overs behind a mark, as `queries.handover.handoffs` gives them."""
    if rows.empty:
        return Words(key, _title(mark), "", _("No hand-over is behind it."))
    columns = {
        _("Lead"): texts(rows["lead_id"]),
        _("Account"): texts(rows["account_name"]),
        _("Owner"): texts(rows["owner_id"]),
        _("Handed over"): [formatting.moment(value, frame.run.reporting_timezone) for value in rows["started_at"]],
        _("Answer after"): [formatting.duration(value) for value in rows["response_business_hours"]],
        _("Outcome"): texts(rows["outcome"]),
        _("Reason"): texts(rows["return_reason"]),
    }
    note = n_("{count} hand-over", "{count} hand-overs", rows["all_count"].iloc[0])
    note += " · " + _("business hours · the latest first · choose a row to see the account's journey")
    more = n_("{count} more not shown", "{count} more not shown", _hidden(rows))
    return _opening(key, mark, note, columns, rows, more)


def credits_table(frame: shell.Frame, key: str, mark: str, rows: pd.DataFrame) -> Table | Words:
    """The conversions behind a credit, as `queries.attribution.credits_behind` gives them."""
    if rows.empty:
        return Words(key, _title(mark), "", _("No conversion is behind it."))
    has_money = rows["amount"].notna().any()
    columns = {
        _("Deal or lead"): [
            deal if isinstance(deal, str) else lead if isinstance(lead, str) else formatting.MISSING
            for deal, lead in zip(rows["opportunity_id"], rows["lead_id"], strict=True)
        ],
        _("Account"): texts(rows["account_name"]),
        _("When"): [formatting.day(value) for value in rows["converted_date"]],
        _("Share"): [formatting.rate(value) for value in rows["credit"]],
    }
    if has_money:
        columns |= {
            _("Credited"): [formatting.money(value, frame.currency) for value in rows["amount"]],
            _("Of"): [formatting.money(value, frame.currency) for value in rows["whole_amount"]],
        }
    credited = frame.money(rows["all_amount"].iloc[0]) if has_money else formatting.number(rows["all_credit"].iloc[0])
    note = n_("{count} conversion", "{count} conversions", rows["all_count"].iloc[0])
    note += f", {credited} · " + _("most credit first · choose a row to see the account's journey")
    more = n_("{count} more not shown", "{count} more not shown", _hidden(rows))
    return _opening(key, mark, note, columns, rows, more)

"""What the rows of a template must be beyond their cells: rules that look at several columns of one row."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ingestion.sources.spreadsheets.templates import Template

Complaint = tuple[str, str]  # a column of the template, and what is wrong with it


def complete(template: Template, row: dict[str, Any]) -> list[Complaint]:
    """Fill in what follows from other cells of a row; return what is missing or cannot be."""
    complaints = [
        (column.name, "is empty")
        for column in template.required
        if row.get(column.name) is None and not column.may_be_empty
    ]
    groups = {group: [name for name in group if row.get(name) is None] for group in template.any_of}
    if all(groups.values()):
        # A group that somebody began to fill is the one that is meant.
        begun = next((empty for group, empty in groups.items() if len(empty) < len(group)), groups[template.any_of[0]])
        return [*complaints, (begun[0], "is empty")]
    rule = RULES.get(template.name)
    return [*complaints, *(rule(row) if rule else [])]


def _span(row: dict[str, Any]) -> list[Complaint]:
    """Spend has a first and a last day, however its time is given; what says it most exactly counts."""
    if row.get("first_day") is None or row.get("last_day") is None:
        if row.get("day") is not None:
            row["first_day"] = row["last_day"] = row["day"]
        else:
            month = row["month"]
            row["first_day"], row["last_day"] = month, month.replace(day=monthrange(month.year, month.month)[1])
    if row["last_day"] < row["first_day"]:
        return [("last_day", f'"{row["last_day"]}" lies before "{row["first_day"]}"')]
    if (row["last_day"] - row["first_day"]).days > LONGEST_SPAN_DAYS:
        return [("last_day", f'"{row["last_day"]}" lies more than three years after "{row["first_day"]}"')]
    return []


def _sequence(row: dict[str, Any]) -> list[Complaint]:
    """Nobody opens a mail before it was sent; a time in UTC may lie on the day before a local day."""
    if row.get("sent_at") is None:
        return []
    complaints = []
    for name in ("opened_at", "clicked_at", "replied_at"):
        is_mixed = row.get(f"{name}_precision") != row["sent_at_precision"]
        if row.get(name) is not None and row[name] < row["sent_at"] - timedelta(days=is_mixed):
            complaints.append((name, "lies before the day on which the mail was sent"))
    return complaints


LONGEST_SPAN_DAYS = 3 * 366
RULES: Mapping[str, Callable[[dict[str, Any]], list[Complaint]]] = {"offline_spend": _span, "cold_emails": _sequence}

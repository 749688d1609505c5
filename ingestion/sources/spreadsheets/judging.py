"""Say of each row of a sheet what it means, or what is wrong with it in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.sources.spreadsheets.cells import ColumnReader, Refusal
from ingestion.sources.spreadsheets.headers import Header
from ingestion.sources.spreadsheets.rules import Complaint, complete
from ingestion.sources.spreadsheets.templates import Template
from ingestion.sources.spreadsheets.totals import is_total
from ingestion.workbooks import SheetRow


@dataclass(frozen=True)
class GivenRow:
    """A row of a sheet: the raw columns it fills, or, if it is refused, why, in which column, and as it was given.

    `is_identified` is false where the key of a refused row cannot be read.
    """

    line: int
    values: dict[str, Any]
    fault: str | None = None
    fault_column: str | None = None
    given: str | None = None
    is_identified: bool = True


def judge(header: Header, readers: Mapping[int, ColumnReader], row: SheetRow, is_delimited: bool) -> GivenRow:
    """Read the cells of a row once the readers know how their columns are written."""
    values, complaints = _values(header, readers, row)
    # What follows from other cells belongs to the key of a refused row too; a cell that is refused is not missing.
    missing = complete(header.template, values)
    complaints = complaints or missing
    if not complaints and is_total(row):
        first = next(cell.column.name for position, cell in header.cells.items() if row.cell(position) is not None)
        complaints = [(first, "says that the row is a total; if it is none, write more than that word")]
    given = {cell.text: str(row.cell(p)) for p, cell in header.cells.items() if row.cell(p) is not None}
    shown = json.dumps(given, ensure_ascii=False)
    # In which columns its cells belong nobody knows.
    if is_delimited and any(cell is not None for cell in row.cells[header.width :]):
        fault = f"has {len(row.cells)} cells, the header has {header.width}; does one of them hold the delimiter?"
        return GivenRow(row.line, values, fault, None, shown, is_identified=False)
    if not complaints:
        return GivenRow(row.line, values)
    names = {name: column.header for name, column in header.template.columns.items()}
    names |= {cell.column.name: cell.text for cell in header.cells.values()}
    return GivenRow(
        line=row.line,
        values=values,
        fault="; ".join(f'column "{names[name]}": {what}' for name, what in complaints),
        fault_column=names[complaints[0][0]],
        given=shown,
        is_identified=not {name for name, _ in complaints} & _of_key(header.template, values),
    )


def _values(
    header: Header, readers: Mapping[int, ColumnReader], row: SheetRow
) -> tuple[dict[str, Any], list[Complaint]]:
    values: dict[str, Any] = {}
    complaints: list[Complaint] = []
    for position, reader in readers.items():
        name = header.cells[position].column.name
        try:
            found = reader.read(row.cell(position), position in row.shared)
        except Refusal as refusal:
            complaints.append((name, str(refusal)))
            continue
        currency = found.get("currency")
        if currency and values.get("currency", currency) != currency:
            complaints.append((name, f"the currencies {values['currency']} and {currency} contradict each other"))
        values = found | values
    return values, complaints


def _of_key(template: Template, values: dict[str, Any]) -> set[str]:
    """The columns from which a row's key is made; an amount is one where it would tell the currency."""
    columns = {*template.key, *(name for group in template.any_of for name in group)}
    if "currency" in columns and not values.get("currency"):
        columns |= {name for name, column in template.columns.items() if column.type == "money"}
    return columns

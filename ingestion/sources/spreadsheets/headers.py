"""Recognise a sheet by its header, wherever in its first rows that stands."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ingestion.faults import Fault
from ingestion.sources.spreadsheets.numbers import currency_of
from ingestion.sources.spreadsheets.templates import Template, TemplateColumn, normal, templates
from ingestion.workbooks import SheetRow, cell_name

# Titles, logos and notes stand above a header, but not more of them.
HEADER_ROWS = 30
# "Cost (PLN)", "Kosten in €".
WITH_CURRENCY = re.compile(r"(?P<name>.+?)\s*(?:[(\[](?P<bracketed>[^)\]]*)[)\]]|\b(?:in|w)\s+(?P<after>\S+))\s*")


@dataclass(frozen=True)
class HeaderCell:
    """A column of a sheet: what it is, how the sheet calls it, and the currency that its name bears, if any."""

    column: TemplateColumn
    text: str
    currency: str | None = None


@dataclass(frozen=True)
class Header:
    """The header of a sheet: its template, its columns by position, and `ignored`, the names of other columns.

    `width` is the number of cells in it, those without a name included.
    """

    template: Template
    width: int
    cells: Mapping[int, HeaderCell]
    ignored: Mapping[int, str]


def find_header(place: str, rows: Iterator[SheetRow]) -> Header | None:
    """Read on to the header; the rows that follow stay to be read. None where a sheet has no row at all.

    Raises Fault, which names the nearest template, where none fits, or more than one.
    """
    above: list[SheetRow] = []
    for row in rows:
        above.append(row)
        names = _names(row)
        guesses = [(template, recognised(template, names)) for template in templates().values()]
        fitting = [(template, cells) for template, cells in guesses if not _missing(template, cells)]
        if fitting:
            return _header(place, row, names, fitting)
        if len(above) == HEADER_ROWS:
            break
    if not above:
        return None
    raise Fault(f"{place}: {_nearest(above)}")


def recognised(template: Template, names: Mapping[int, str]) -> dict[int, HeaderCell]:
    """Those columns of a row that a template knows, if the row were a header."""
    found = {}
    for position, text in names.items():
        match = WITH_CURRENCY.fullmatch(text)
        currency = currency_of(match["bracketed"] or match["after"] or "") if match else None
        for name in [text, *([match["name"]] if match else [])]:
            column = next((column for column in template.columns.values() if normal(name) in column.spellings), None)
            if column:
                found[position] = HeaderCell(column, text, currency)
                break
    return found


def _missing(template: Template, cells: Mapping[int, HeaderCell]) -> list[str]:
    return template.missing({cell.column.name for cell in cells.values()})


def _names(row: SheetRow) -> dict[int, str]:
    """The texts of a row by position; one that spans several columns names the first of them."""
    return {
        position: " ".join(str(cell).split())
        for position, cell in enumerate(row.cells)
        if cell is not None and position not in row.repeated
    }


def _header(
    place: str, row: SheetRow, names: Mapping[int, str], fitting: list[tuple[Template, dict[int, HeaderCell]]]
) -> Header:
    most = max(len(cells) for _, cells in fitting)
    best = [(template, cells) for template, cells in fitting if len(cells) == most]
    if len(best) > 1:
        sheets = " and ".join(f'"{template.sheet}"' for template, _ in best)
        raise Fault(f"{place}, row {row.line}: the header fits {sheets}; take out the columns of one of them.")
    [(template, cells)] = best
    seen: dict[str, str] = {}
    for cell in cells.values():
        if cell.column.name in seen:
            raise Fault(
                f'{place}, row {row.line}: the columns "{seen[cell.column.name]}" and "{cell.text}" both are '
                f'"{cell.column.header}"; rename or remove one.'
            )
        seen[cell.column.name] = cell.text
    ignored = {position: text for position, text in names.items() if position not in cells}
    unknown = [text for text in ignored.values() if not text.startswith("_")]
    _refuse_misspelt(place, row.line, unknown, [c for c in template.columns.values() if c.name not in seen])
    return Header(template, len(row.cells), cells, ignored)


def _refuse_misspelt(place: str, line: int, unknown: Iterable[str], absent: list[TemplateColumn]) -> None:
    spellings = {spelling: column for column in absent for spelling in column.spellings}
    for text in unknown:
        letters = re.sub(r"\d", "", normal(text))
        [meant] = difflib.get_close_matches(letters, spellings, n=1, cutoff=0.85) or [None]
        if meant and letters == normal(text):
            raise Fault(
                f'{place}, row {line}, column "{text}": unknown; is it "{spellings[meant].header}"? Rename it, or let '
                f"its name begin with _ to leave it out."
            )


def _nearest(rows: list[SheetRow]) -> str:
    """What the best of all guesses lacks."""
    guesses = [
        (len(cells), -len(missing), -row.line, template, missing)
        for row in rows
        for template in templates().values()
        if (cells := recognised(template, _names(row)))
        for missing in [_missing(template, cells)]
    ]
    if not guesses:
        known = ", ".join(f'"{template.sheet}"' for template in templates().values())
        return (
            f"no row looks like a header of {known}; examples/templates has the columns of each. To leave the sheet "
            "out, let its name begin with _."
        )
    _, _, line, template, missing = max(guesses, key=lambda guess: guess[:3])
    lacking = ", ".join(f'"{header}"' for header in missing)
    return (
        f'the header (row {-line}) fits no template; the nearest is "{template.sheet}", which also needs {lacking}. '
        "Add that, or let the sheet's name begin with _ to leave it out."
    )


def column_letters(position: int) -> str:
    """A column as Excel calls it."""
    return cell_name(0, position)[:-1]

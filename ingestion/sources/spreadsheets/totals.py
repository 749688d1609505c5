"""Recognise a row that adds up other rows."""

import re

from ingestion.sources.spreadsheets.cells import plain
from ingestion.sources.spreadsheets.templates import normal
from ingestion.workbooks import SheetRow

# What such a row begins with; a year may follow.
TOTALS = re.compile(
    r"((grand|sub)?totals?|sum|(zwischen|gesamt)?summe|gesamt|insgesamt|(gesamt|teil)?ergebnis"
    r"|suma(calkowita|koncowa|czesciowa)?|razem|lacznie|ogolem)(\d{4})?"
)


def is_total(row: SheetRow) -> bool:
    """Whether the first word of a row says that it is a total."""
    first = next((cell for cell in row.cells if plain(cell) is not None), None)
    return isinstance(first, str) and bool(TOTALS.fullmatch(normal(first)))

"""What readers take away: tables that a spreadsheet opens without running what somebody wrote into a form, pictures."""

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from app import charts
from app.formatting import unmarked

# With these a spreadsheet takes a cell for a formula; the wide ones are how East Asian keyboards type the first four.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
NOT_SHOWN = "\ufeff\u200b "  # a spreadsheet may pass over them


def csv(frame: pd.DataFrame) -> bytes:
    """A frame as CSV in UTF-8, with a header and without its index.

    A text that a spreadsheet would take for a formula, in a header too, has an apostrophe before it, which makes it the
    text that it is. Numbers, dates and truth values stay as they are.
    """
    safe = frame.map(_neutralised).rename(columns=_neutralised)
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig", errors="replace")


def download(label: str, frame: pd.DataFrame, file_name: str, key: str | None = None) -> None:
    """A button that saves a frame as CSV; Streamlit's own, which neutralises nothing, is switched off."""
    _button(label, lambda: csv(frame), file_name, "text/csv", key)


def download_picture(label: str, spec: Mapping, title: str, note: str, file_name: str, key: str | None = None) -> None:
    """A button that saves a chart as PNG, with its title and note above it."""
    _button(label, lambda: charts.png(spec, unmarked(title), unmarked(note)), file_name, "image/png", key)


def download_pdf(label: str, make: Callable[[], bytes], file_name: str, is_possible: bool) -> None:
    """A button that saves a PDF."""
    _button(label, make, file_name, "application/pdf", "pack_pdf", is_disabled=not is_possible)


def _button(
    label: str, make: Callable[[], bytes], file_name: str, mime: str, key: str | None, is_disabled: bool = False
) -> None:
    """Made when it is asked for. That happens outside the page's run: what it needs is given to it beforehand."""
    st.download_button(
        label,
        make,
        file_name=file_name,
        mime=mime,
        on_click="ignore",
        icon=":material/download:",
        key=key,
        disabled=is_disabled,
    )


def _neutralised(value: object) -> object:
    """A text as a spreadsheet is to read it; anything else unchanged."""
    is_formula = isinstance(value, str) and value.lstrip(NOT_SHOWN).startswith(FORMULA_STARTS)
    return f"'{value}" if is_formula else value

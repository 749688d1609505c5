"""Tables as files that a spreadsheet can open without running what somebody wrote into a form."""

import pandas as pd
import streamlit as st

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


def download(label: str, frame: pd.DataFrame, file_name: str) -> None:
    """A button that saves a frame as CSV; Streamlit's own, which neutralises nothing, is switched off."""
    st.download_button(
        label, csv(frame), file_name=file_name, mime="text/csv", on_click="ignore", icon=":material/download:"
    )


def _neutralised(value: object) -> object:
    """A text as a spreadsheet is to read it; anything else unchanged."""
    is_formula = isinstance(value, str) and value.lstrip(NOT_SHOWN).startswith(FORMULA_STARTS)
    return f"'{value}" if is_formula else value

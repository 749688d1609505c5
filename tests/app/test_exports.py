"""What the dashboard saves as CSV: no cell of it is a formula to a spreadsheet, and nothing of it is lost."""

import csv
import io
import math
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import exports

STARTS = "=+-@\t\r\n\0＝＋－＠"
# Texts that often begin as a formula would, among any others; a surrogate alone is no text.
TEXTS = st.text(st.sampled_from(STARTS + " '\"\u200b\ufeff") | st.characters(exclude_categories=["Cs"]), max_size=6)


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """The header and the rows as a spreadsheet reads them."""
    return list(csv.reader(io.StringIO(exports.csv(frame).decode("utf-8-sig"), newline="")))


@given(header=TEXTS, texts=st.lists(TEXTS, min_size=1, max_size=5))
@settings(max_examples=500, deadline=None)
def test_no_text_is_a_formula_and_every_text_can_be_had_back(header, texts):
    for given_text, [shown, _] in zip([header, *texts], cells(pd.DataFrame({header: texts, "x": 1})), strict=True):
        assert not shown.lstrip(" \u200b\ufeff").startswith(tuple(STARTS))
        assert shown in (given_text, f"'{given_text}")


@given(numbers=st.lists(st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False), min_size=1))
@settings(max_examples=200, deadline=None)
def test_numbers_stay_numbers(numbers):
    shown = [cell for [cell] in cells(pd.DataFrame({"n": numbers}))[1:]]
    assert all(math.isclose(float(cell), number) for cell, number in zip(shown, numbers, strict=True))


def test_numbers_among_texts_dates_and_gaps_stay_what_they_are():
    frame = pd.DataFrame({"any": [-5, "-5", None, True, date(2026, 1, 31), "=1+1"]}, dtype=object)
    assert [cell for [cell] in cells(frame)[1:]] == ["-5", "'-5", "", "True", "2026-01-31", "'=1+1"]


@pytest.mark.parametrize(
    "attack", ['=HYPERLINK("http://x","a")', "+1+1|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", " =1"]
)
def test_known_attacks_are_texts(attack):
    assert cells(pd.DataFrame({"a": [attack]}))[1] == [f"'{attack}"]

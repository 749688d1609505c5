"""What a cell may hold: numbers, dates, domains and patterns, as the warehouse reads them, and no unseen signs."""

import math
import re
from datetime import date
from functools import cache

import duckdb

from ingestion.contract import EARLIEST_YEAR

# What is written in a pattern and is no letter that has to be matched: \S, \pL, \p{Lu}, [[:alpha:]], (?P<name>.
PATTERN_SYNTAX = re.compile(r"\\[pP]\{[^}]*\}|\\[pP]?.|\(\?P?<\w*>")
# Control characters but for tabs and line ends; marks that have no width and no meaning of their own, as a joiner has.
UNSEEN = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]"


def is_date(text: str) -> bool:
    """Whether it is a day written as 2026-01-31, and no slip such as the year 1026."""
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        return False
    return parsed.isoformat() == text and parsed.year >= EARLIEST_YEAR


def is_number(text: str) -> bool:
    """Whether it is a finite number in the digits 0 to 9 with a point."""
    return bool(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text)) and math.isfinite(float(text))


def is_domain(text: str) -> bool:
    """Whether it can be what stands behind the @ of an address, in lower case; the dbt test is_domain says the same."""
    has_dot_within = "." in text[1:-1]
    return has_dot_within and text == text.lower() and not re.search(r"[@/ ,;*]|^www\.|\.$", text)


@cache
def pattern_problem(text: str) -> str | None:
    """What keeps the warehouse from matching by it, in words: its regular expressions are RE2's, not Python's."""
    try:
        duckdb.execute("select regexp_full_match('', ?)", [text]).fetchall()
    except duckdb.Error:
        return f"'{text}' is not a pattern (a regular expression)"
    letters = PATTERN_SYNTAX.sub("", text)
    if letters != letters.lower() and "(?i" not in text:
        return f"'{text}' asks for a capital letter, and values are compared in lower case; write it in lower case"
    return None


@cache
def matches_any(pattern: str, words: tuple[str, ...]) -> bool:
    """Whether the pattern matches one of the words from end to end."""
    [(found,)] = duckdb.execute(
        "select bool_or(regexp_full_match(word, ?)) from (select unnest(?) as word)",
        [pattern, list(words)],
    ).fetchall()
    return found


def unseen(text: str) -> str | None:
    """The first character that nobody sees, such as a space without width, by its number; None where there is none."""
    sign = None if text.isprintable() else re.search(UNSEEN, text)
    return f"U+{ord(sign[0]):04X}" if sign else None

"""Read dates, times and months as people write them in Polish, German and English."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, time, timedelta, timezone, tzinfo
from functools import lru_cache

DAY_FIRST, MONTH_FIRST = "day first", "month first"
ANY = (DAY_FIRST, MONTH_FIRST)
# Outside these years a date is a typing mistake.
EARLIEST_YEAR, LATEST_YEAR = 1990, 2099
# Long columns repeat themselves, and every cell is read twice.
REMEMBERED = 10_000
# January to December; each as it stands alone, in a date, and short.
MONTHS = [
    "styczeń stycznia stycz sty januar jänner jän jan january",
    "luty lutego lut februar feber febr feb february",
    "marzec marca mar märz mär mrz march",
    "kwiecień kwietnia kwiec kwi april apr",
    "maj maja mai may",
    "czerwiec czerwca czerw cze juni jun june",
    "lipiec lipca lip juli jul july",
    "sierpień sierpnia sierp sie august aug",
    "wrzesień września wrzes wrz september sep sept",
    "październik października paźdz paź oktober okt october oct",
    "listopad listopada listop lis november nov",
    "grudzień grudnia grudz gru dezember dez december dec",
]
MONTH_NUMBERS = {word: number for number, words in enumerate(MONTHS, start=1) for word in words.split()}
# Typed without Polish letters or umlauts.
PLAIN_LETTERS = str.maketrans("ąćęłńóśźżäöü", "acelnoszzaou")
MONTH_NUMBERS |= {word.translate(PLAIN_LETTERS): number for word, number in MONTH_NUMBERS.items()}

# "Samstag, 31. Januar 2026", as Excel's long dates have it.
WEEKDAY = re.compile(
    r"(poniedziałek|wtorek|środa|czwartek|piątek|sobota|niedziela|pon|pn|wt|śr|czw|pt|sob|so|nd|niedz"
    r"|(mon|diens|donners|frei|sams|sonn)tag|mittwoch|sonnabend|mo|di|mi|do|fr|sa"
    r"|(mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun)[.,]{1,2}\s+"
)
TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2})([.,]\d+)?)?\s*(?P<half>[ap]\.?m\.?)?"
MOMENT = re.compile(
    rf"(?P<day>.+?)(t|,?\s+)((o\s+)?godz\.?\s+|um\s+|at\s+)?{TIME}(\s*uhr)?\s*(?P<offset>z|utc|[+-]\d{{2}}:?\d{{2}})?"
)
YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<mark>[-./])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})")
DOTTED = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4}|\d{2})(\s?r\.?)?")
DIVIDED = re.compile(r"(?P<one>\d{1,2})(?P<mark>[-/])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4})(\s?r\.?)?")
DAY_WORD = re.compile(r"(?P<day>\d{1,2})(\.|st|nd|rd|th)?[\s-]*(?P<word>[^\W\d_]+)\.?,?[\s-]+(?P<year>\d{4})(\s?r\.?)?")
WORD_DAY = re.compile(r"(?P<word>[^\W\d_]+)\.?\s+(?P<day>\d{1,2})(st|nd|rd|th)?,?\s+(?P<year>\d{4})")
MONTH_PATTERNS = [
    re.compile(r"(?P<word>[^\W\d_]+)\.?,?[\s./’'-]*(?P<year>\d{4}|\d{2})(\s?r\.?)?"),
    re.compile(r"(?P<year>\d{4})[\s./-]*(?P<word>[^\W\d_]+)\.?"),
    re.compile(r"(?P<month>\d{1,2})\s?[./-]\s?(?P<year>\d{4})(\s?r\.?)?"),
    re.compile(r"(?P<year>\d{4})\s?[./-]\s?(?P<month>\d{1,2})"),
]


@dataclass(frozen=True)
class WrittenMoment:
    """A date, and the time of the day where one is given; `offset` where the time zone is given too."""

    day: date
    clock: time | None = None
    offset: tzinfo | None = None

    def __str__(self) -> str:
        return f"{self.day.day} {self.day:%B %Y}"


@lru_cache(maxsize=REMEMBERED)
def read_moment(text: str) -> Mapping[str, WrittenMoment]:
    """What a text means if the day stands first, and if the month does; the same where it does not matter."""
    plain = _plain(text)
    timed = MOMENT.fullmatch(plain)
    clock = _time(timed) if timed else None
    if timed and clock is None:
        return {}
    days = _days(timed["day"] if timed else plain)
    offset = _offset(timed["offset"]) if timed else None
    return {order: WrittenMoment(day, clock, offset) for order, day in days}


@lru_cache(maxsize=REMEMBERED)
def read_month(text: str) -> Mapping[str, date]:
    """The first day of the month that a text names, or in which the day lies that it names."""
    plain = _plain(text)
    for pattern in MONTH_PATTERNS:
        if match := pattern.fullmatch(plain):
            found = match.groupdict()
            month = _month_number(found["word"]) if found.get("word") else int(found["month"])
            day = _date(found["year"], month, 1)
            return dict.fromkeys(ANY, day) if day else {}
    return {order: moment.day.replace(day=1) for order, moment in read_moment(text).items()}


def in_reason(day: date) -> bool:
    """Whether a year is one in which a marketing team can have done anything."""
    return EARLIEST_YEAR <= day.year <= LATEST_YEAR


def _plain(text: str) -> str:
    plain = " ".join(text.split()).lstrip("'").casefold()
    weekday = WEEKDAY.match(plain)
    return plain[weekday.end() :] if weekday else plain


def _days(text: str) -> Iterator[tuple[str, date]]:
    """Pairs of an order and the day that a text means under it."""
    if match := YEAR_FIRST.fullmatch(text) or DOTTED.fullmatch(text):
        candidates = [(order, match["month"], match["day"]) for order in ANY]
    elif match := DIVIDED.fullmatch(text):
        candidates = [(DAY_FIRST, match["two"], match["one"]), (MONTH_FIRST, match["one"], match["two"])]
    elif match := DAY_WORD.fullmatch(text) or WORD_DAY.fullmatch(text):
        candidates = [(order, _month_number(match["word"]), match["day"]) for order in ANY]
    else:
        return
    for order, month, day in candidates:
        if found := _date(match["year"], month, day):
            yield order, found


def _date(year: str, month: object, day: object) -> date | None:
    """Two digits of a year are of this century."""
    try:
        found = date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except (TypeError, ValueError):
        return None
    return found if in_reason(found) else None


def _month_number(word: str) -> int | None:
    return MONTH_NUMBERS.get(word)


def _time(match: re.Match) -> time | None:
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    try:
        return time(hour, int(match["minute"]), int(match["second"] or 0))
    except ValueError:
        return None


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text in ("z", "utc"):
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))

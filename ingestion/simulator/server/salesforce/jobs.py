"""Results that are fetched piece by piece: query locators, and query jobs of Bulk API 2.0."""

import csv
import io
import itertools
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ingestion.simulator.server.salesforce.tables import Result, record_ids

# As many as one user may hold open; the oldest gives way.
MOST_LOCATORS = 50
DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


@dataclass
class Cursor:
    """A result that has been asked for and how many rows a page has; `rows` in the order in which pages give them."""

    result: Result
    rows: np.ndarray
    size: int
    total: int


@dataclass
class Job:
    """A query job; it is in progress until it has been asked about once."""

    id: str
    body: dict
    result: Result
    columns: tuple[tuple[str, ...], ...]
    rows: np.ndarray
    polls: int = 0
    state: str = "UploadComplete"


@dataclass
class Shelf:
    """The locators and jobs that are open at a moment; when time moves on, all are gone."""

    cursors: OrderedDict[str, Cursor] = field(default_factory=OrderedDict)
    jobs: dict[str, Job] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def keep(self, cursor: Cursor) -> str:
        """Its locator."""
        locator = record_ids("01g", [next(self.numbers)])[0]
        self.cursors[locator] = cursor
        while len(self.cursors) > MOST_LOCATORS:
            self.cursors.popitem(last=False)
        return locator


def lines(header: list[str], columns: list[list], job: Job) -> str:
    """A piece of a job's result as CSV: everything in quotes, nothing as an empty text."""
    file = io.StringIO()
    writer = csv.writer(
        file,
        delimiter=DELIMITERS[job.body["columnDelimiter"]],
        lineterminator=LINE_ENDINGS[job.body["lineEnding"]],
        quoting=csv.QUOTE_ALL,
    )
    writer.writerow(header)
    writer.writerows(zip(*([_cell(value) for value in column] for column in columns), strict=True))
    return file.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value

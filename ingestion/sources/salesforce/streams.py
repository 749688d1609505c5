"""How each object is read: news by its stamp, large first loads in bulk, and what has gone.

A stream's cursor is the greatest stamp that Salesforce has given, less an overlap: a long transaction stamps its
records before they can be seen.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.landing import connect, stored_columns
from ingestion.mappings import present_fields
from ingestion.pages import Page, Stream, column_name
from ingestion.records import count_stream
from ingestion.sources import RawState
from ingestion.sources.salesforce.client import Client, Gone, Hidden
from ingestion.sources.salesforce.tables import SOURCES, Source

OVERLAP = timedelta(minutes=10)
# Records that one query gives at most, in pages of 2,000; then the next begins behind the last of them.
WINDOW = 20_000
BULK_PAGE = 10_000
# Longer queries do not fit into an address, but into a bulk job.
LONGEST_ADDRESS = 12_000
IDS_PER_QUERY = 200
MOST_RESTARTS = 3
# `/deleted` goes back so far; after a longer pause all ids are compared.
DELETIONS_KNOWN = timedelta(days=14)
# Compound fields repeat others; a formula changes without a stamp, so it would never be seen to.
LEFT_OUT_TYPES = ("address", "location", "base64")
TABLE_OF = {source.object: source.table for source in SOURCES}
NUMBERS = ("double", "currency", "percent")


@dataclass
class Restarts:
    """How often a reading was begun anew because Salesforce had forgotten it. Raises Fault when it is no accident."""

    what: str
    times: int = 0

    def count(self, gone: Gone) -> None:
        self.times += 1
        if self.times > MOST_RESTARTS:
            raise Fault(f"Salesforce ends {self.what} again and again ({gone}); try later.") from gone

    def count_short(self, queried: str, total: int, given: int) -> None:
        self.times += 1
        if self.times > MOST_RESTARTS:
            raise Fault(
                f"Salesforce: the query of {queried} counts {total:,} records and gave {given:,}; "
                "nothing of this load is kept. Load again later."
            )


@dataclass(frozen=True)
class Shape:
    """An object as our user sees it: the fields to ask for, and their types."""

    source: Source
    types: Mapping[str, str]

    @property
    def select(self) -> str:
        return f"SELECT {', '.join(self.types)} FROM {self.source.object}"


def shapes(
    client: Client, settings: Settings, mapped: Mapping[str, Mapping[str, str]], notices: list[str]
) -> list[Shape]:
    """What there is to read; what is hidden and may be is told in `notices`. Raises Fault for what must be there.

    `mapped` gives, per table, our column → the field that the playbook says holds it.
    """
    found = []
    for source in SOURCES:
        try:
            described = client.describe(source.object)
        except Hidden as hidden:
            if source.is_required:
                words = f"Salesforce does not show the object {source.object}; give the user the permission to read it."
                raise Fault(words) from hidden
            notices.append(f"Salesforce does not show {source.object}, so {source.table} stays as it is.")
            continue
        own = present_fields(
            settings,
            f"Salesforce's {source.object}",
            mapped.get(source.table, {}),
            {field["name"] for field in described["fields"]},
            notices,
        )
        found.append(_shape(source, described["fields"], own))
    return found


def streams_of(
    client: Client, raw: RawState, shapes: list[Shape], cursors: Mapping[str, Any], bulk_threshold: int
) -> list[Stream]:
    """All streams of a load, records before what says that they are gone."""
    readers = [Reader(client, raw, shape, cursors, bulk_threshold) for shape in shapes]
    histories = [reader for reader in readers if reader.source.parent]
    deleting = [reader for reader in readers if reader.source.has_deletions or reader.source.parent]
    counted = [reader.source for reader in readers if reader.source.is_required]
    return [
        *(Stream(reader.source.table, reader.records) for reader in readers),
        *(Stream(f"{reader.source.table} of deleted", reader.of_deleted_parents) for reader in histories),
        *(stream for reader in deleting if (stream := reader.deletions_stream())),
        *(count_stream(source.table, partial(client.count_live, source.object)) for source in counted),
    ]


@dataclass(frozen=True)
class Reader:
    """Reads one object; `cursors` are those of all streams as the last load left them, also where all is read anew."""

    client: Client
    raw: RawState
    shape: Shape
    cursors: Mapping[str, Any]
    bulk_threshold: int

    @property
    def source(self) -> Source:
        return self.shape.source

    # New and changed records

    def records(self, cursor: str | None, bookmark: dict | None) -> Iterator[Page]:
        """Everything at first, in bulk where it is much; then what has been stamped since the cursor."""
        if bookmark is None:
            bookmark = {"job": None} if self._needs_a_job(cursor) else {"after": None}
        if "job" in bookmark:
            yield from self._bulk(cursor, bookmark)
        else:
            yield from self._windows(cursor, bookmark)

    def _needs_a_job(self, cursor: str | None) -> bool:
        if len(quote(self.shape.select)) > LONGEST_ADDRESS:
            return True
        return cursor is None and self.client.count(self.source.object, self.bulk_threshold) >= self.bulk_threshold

    def _windows(self, cursor: str | None, bookmark: dict) -> Iterator[Page]:
        """Queries of so many records in the order of stamp and id, each behind the last record of the one before.

        Within a window pages come by locator, in whatever order; a locator that has expired begins the window anew.
        """
        restarts = Restarts(f"queries of {self.source.object}")
        after, locator = bookmark.get("after"), bookmark.get("locator")
        furthest, total = bookmark.get("furthest"), bookmark.get("total", 0)
        given = bookmark.get("given", 0)
        while True:
            if locator is None:
                given = 0
            try:
                answer = self.client.query_more(locator) if locator else self.client.query(self._window(cursor, after))
            except Gone as gone:
                restarts.count(gone)
                locator = None
                continue
            rows = [self._row(record) for record in answer["records"]]
            keys = [[record[self.source.stamp], record["Id"]] for record in rows]
            furthest = max([*keys, *([furthest] if furthest else [])], default=None)
            total = answer["totalSize"]
            locator = None if answer["done"] else answer["nextRecordsUrl"].rsplit("/", 1)[-1]
            given += len(rows)
            if locator is None:
                if given < total:
                    # The window is begun anew, now or by the next load: which of its pages was short is not known.
                    restarts.count_short(self.source.object, total, given)
                    continue
                has_more, after = total >= WINDOW and furthest != after, furthest
            mark = {"after": after, "locator": locator, "furthest": furthest, "total": total, "given": given}
            yield Page({self.source.table: rows}, bookmark=mark, cursor=_before(furthest))
            if locator is None and not has_more:
                return

    def _window(self, cursor: str | None, after: list[str] | None) -> str:
        stamp = self.source.stamp
        if after:
            # The first condition alone lets Salesforce use the index on the stamp.
            where = f" WHERE {stamp} >= {after[0]} AND ({stamp} > {after[0]} OR Id > '{after[1]}')"
        else:
            where = self._since(cursor)
        return f"{self.shape.select}{where} ORDER BY {stamp}, Id LIMIT {WINDOW}"

    def _since(self, cursor: str | None) -> str:
        return f" WHERE {self.source.stamp} >= {cursor}" if cursor else ""

    def _bulk(self, cursor: str | None, bookmark: dict) -> Iterator[Page]:
        """All records since the cursor by a query job; a job that has expired is made anew.

        A job reads a large object in parts, one after the other: what is stamped after it was made may be there or not,
        so the next load begins before.
        """
        job, made_at = bookmark["job"], bookmark.get("made_at")
        locator, furthest = bookmark.get("locator"), bookmark.get("furthest")
        restarts = Restarts(f"the bulk query of {self.source.object}")
        while True:
            try:
                if job is None:
                    job, made_at = self.client.start_job(f"{self.shape.select}{self._since(cursor)}")
                    locator, made_at = None, _zulu(made_at)
                    yield Page(bookmark={"job": job, "made_at": made_at})
                self.client.await_job(job)
                text, following = self.client.job_results(job, locator, BULK_PAGE)
            except Gone as gone:
                restarts.count(gone)
                job = None
                continue
            rows = [self._row(self._from_csv(record)) for record in csv.DictReader(io.StringIO(text))]
            stamps = [row[self.source.stamp] for row in rows]
            furthest = max([*stamps, *([furthest] if furthest else [])], default=None)
            locator = following
            mark = {"job": job, "made_at": made_at, "locator": locator, "furthest": furthest}
            begin = _before([min(furthest, made_at)]) if furthest else None
            yield Page({self.source.table: rows}, bookmark=mark, cursor=begin)
            if locator is None:
                return

    def _from_csv(self, record: dict[str, str]) -> dict[str, Any]:
        """Texts as the REST API's JSON would have them."""
        return {name: _value(self.shape.types.get(name, "string"), text) for name, text in record.items()}

    def _row(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record without what surrounds it; moments end in Z, whichever API gave them."""
        row = {
            name: _zulu(value) if self.shape.types.get(name) == "datetime" else value
            for name, value in record.items()
            if name != "attributes"
        }
        # The history of a record that was merged into another stays true, although it goes with the record.
        if not self.source.parent and row.pop("IsDeleted", False):
            row["_is_deleted"] = True
        return row

    # What has gone

    def of_deleted_parents(self, cursor: str | None, bookmark: dict | None) -> Iterator[Page]:
        """A history's rows once more where their parent has gone to the bin: that changes them without a stamp."""
        [parent, field] = self.source.parent
        since = cursor or self.cursors.get(TABLE_OF[parent])
        if since is None:
            return
        relation = field.removesuffix("Id")
        mark = f"{relation}.SystemModstamp"
        restarts = Restarts(f"queries of {self.source.object}")
        furthest = None
        locator = (bookmark or {}).get("locator")
        while True:
            try:
                if locator:
                    answer = self.client.query_more(locator)
                else:
                    where = f"{relation}.IsDeleted = true AND {mark} >= {since}"
                    fields = f"{self.shape.select.removesuffix(f' FROM {self.source.object}')}, {mark}"
                    answer = self.client.query(f"{fields} FROM {self.source.object} WHERE {where}")
            except Gone as gone:
                restarts.count(gone)
                locator = None
                continue
            stamps, rows = [], []
            for record in answer["records"]:
                stamps.append(_zulu(record.pop(relation)["SystemModstamp"]))
                rows.append(self._row(record))
            furthest = max([*stamps, *([furthest] if furthest else [])], default=None)
            locator = None if answer["done"] else answer["nextRecordsUrl"].rsplit("/", 1)[-1]
            cursor = _before([furthest] if furthest else None)
            yield Page({self.source.table: rows}, bookmark={"locator": locator}, cursor=cursor)
            if locator is None:
                return

    def deletions_stream(self) -> Stream | None:
        """What was deleted for good: by Salesforce's list, or by comparing all ids where that is too short.

        Histories are on no list of their own: None, unless all ids of their parents are compared as well.
        """
        table = self.source.table
        listed = TABLE_OF[self.source.parent[0]] if self.source.parent else table
        since = self.cursors.get(f"{listed} deleted") or self.cursors.get(listed)
        if since and self.raw.loaded_at - _moment(since) > DELETIONS_KNOWN:
            return Stream(f"{table} deleted", self._all_ids, whole=(table,))
        return Stream(f"{table} deleted", self._deletions) if self.source.has_deletions else None

    def _deletions(self, cursor: str | None, _: Any) -> Iterator[Page]:
        table = self.source.table
        since = cursor or self.cursors.get(f"{table} deleted") or self.cursors.get(table)
        until = self.raw.loaded_at.replace(second=0, microsecond=0)
        if since is None or until - _moment(since) < timedelta(minutes=2):
            return
        answer = self.client.deleted(self.source.object, _spelled(_moment(since)), _spelled(until))
        ids = [record["id"] for record in answer["deletedRecords"]]
        gone = self._erased(ids)
        deleted = {self.source.table: [{"id": record_id} for record_id in gone]} | self._children(gone)
        yield Page(deleted=deleted, cursor=_before([_zulu(answer["latestDateCovered"])]))

    def _all_ids(self, cursor: str | None, bookmark: dict | None) -> Iterator[Page]:
        """The id of each record there is."""
        after = bookmark["after"] if bookmark else ""
        while True:
            where = f" WHERE Id > '{after}'" if after else ""
            soql = f"SELECT Id FROM {self.source.object}{where} ORDER BY Id LIMIT {WINDOW}"
            ids = [record["Id"] for record in self._listed(soql)]
            after = max(ids, default=after)
            is_end = len(ids) < WINDOW
            until = _spelled(self.raw.loaded_at) if is_end else None
            present = {self.source.table: [{"id": record_id} for record_id in ids]}
            yield Page(present=present, bookmark={"after": after}, cursor=until)
            if is_end:
                return

    def _listed(self, soql: str) -> Iterator[dict]:
        answer = self.client.query(soql)
        yield from answer["records"]
        while not answer["done"]:
            answer = self.client.query_more(answer["nextRecordsUrl"].rsplit("/", 1)[-1])
            yield from answer["records"]

    def _erased(self, ids: list[str]) -> list[str]:
        """Those of the ids that are not even in the bin."""
        known: set[str] = set()
        for start in range(0, len(ids), IDS_PER_QUERY):
            wanted = ", ".join(f"'{record_id}'" for record_id in ids[start : start + IDS_PER_QUERY])
            found = self._listed(f"SELECT Id FROM {self.source.object} WHERE Id IN ({wanted})")
            known.update(record["Id"] for record in found)
        return [record_id for record_id in ids if record_id not in known]

    def _children(self, gone: list[str]) -> dict[str, list[dict]]:
        """What histories we have of records that are gone for good: these vanished with them, and nothing tells."""
        found: dict[str, list[dict]] = {}
        of_this = [source for source in SOURCES if source.parent and source.parent[0] == self.source.object]
        if not gone or not of_this:
            return found
        with connect(self.raw, self.raw.warehouse.parent / "spilled") as connection:
            for source in of_this:
                if stored_columns(connection, self.raw, source.table):
                    rows = connection.execute(
                        f"select distinct id from warehouse.{self.raw.dataset}.{source.table} "
                        f"where {column_name(source.parent[1])} in (select unnest(?))",
                        [gone],
                    ).fetchall()
                    found[source.table] = [{"id": record_id} for (record_id,) in rows]
        return found


def _shape(source: Source, fields: list[dict], mapped: Mapping[str, str]) -> Shape:
    wanted = {
        field["name"]: field["type"]
        for field in fields
        if field["type"] not in LEFT_OUT_TYPES
        and (not field.get("calculated") or field["name"] in mapped.values())
        and (not source.only_declared or column_name(field["name"]) in ("id", "is_deleted", *source.columns))
    }
    return Shape(source, wanted)


def _value(kind: str, text: str) -> Any:
    if text == "":
        return None
    if kind == "boolean":
        return text == "true"
    if kind in NUMBERS:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _zulu(moment: Any) -> Any:
    """2026-01-01T00:00:00.000+0000 as 2026-01-01T00:00:00.000Z."""
    return f"{moment[:-5]}Z" if isinstance(moment, str) and moment.endswith("+0000") else moment


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _spelled(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _before(furthest: list[str] | None) -> str | None:
    """Where the next load begins."""
    return _spelled(_moment(furthest[0]) - OVERLAP) if furthest else None

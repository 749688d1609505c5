"""An event of a file as rows: checked against the schema of README.md, and rid of what addresses carry."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ingestion.contract import EARLIEST_YEAR, LATEST_YEAR
from ingestion.landed import LandedFile, Line, NoJson, Place, json_of, landed_files
from ingestion.links import CLICK_IDS, UTM, query_of, scrubbed, tags_of, without_queries, without_query
from ingestion.pages import Page
from ingestion.records import last_versions
from ingestion.sources import RawState
from ingestion.sources.web_events.settings import WebEventsSettings
from ingestion.sources.web_events.tables import ADDRESSES, TABLES

# Also as a log rotation names them: events.jsonl.1, events.jsonl-20261101.gz.
NAMES = re.compile(r".+\.(jsonl|ndjson)([.-][\w-]+)?(\.gz)?", re.IGNORECASE)
LINES_PER_PAGE = 5_000
# Nobody's event is longer, and DuckDB would not read one of more than eight times that.
LONGEST_LINE = 2_000_000
KNOWN = {*TABLES["events"].columns, *CLICK_IDS, "consent"}
STATUSES = ("granted", "withdrawn")
CLICK_ID = re.compile(r"\w+:.+")
E_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d{1,2})?")


class Broken(Exception):
    """What keeps an event from being read: the column and the reason, which is shown to all and so tells no value."""

    def __init__(self, column: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def known_places(raw: RawState) -> Mapping[str, Place]:
    """How far each file had been read by the last complete load; nowhere where all is read anew."""
    rows = [] if raw.is_reload else last_versions(raw, "files", ("file",), ("size", "read_to", "line_count", "head"))
    return {name: Place(*place) for name, *place in rows}


def event_pages(settings: WebEventsSettings, known: Mapping[str, Place], bookmark: dict | None) -> Iterator[Page]:
    """What is new in the files, some thousand lines a page; a bookmark has the places that this load has come to."""
    pile = _Pile((bookmark or {}).get("read") or {})
    for file in landed_files(settings.folder, NAMES):
        noted = Place(**pile.read[file.name]) if file.name in pile.read else known.get(file.name, Place())
        try:
            place = file.place_from(noted)
            if file.has_news(place):
                for line in file.lines(place):
                    place = line.place
                    pile.add(file, line)
                    if pile.is_full:
                        yield pile.page()
                pile.finish(file, file.end(place))
        except FileNotFoundError:  # rotated away while it was read; the rest comes under another name
            continue
        if pile.is_full:
            yield pile.page()
    yield pile.page()


def event_row(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An event's row and the rows of its consents. A broken one has `_refusal` and no consents."""
    try:
        if len(content) > LONGEST_LINE:
            raise NoJson(f"is longer than {LONGEST_LINE:,} bytes")
        given = json_of(content)
    except NoJson as reason:
        text = without_queries(content[:LONGEST_LINE].decode(errors="replace").strip())
        return {"properties": text, "_refusal": f"the line {reason}"}, []
    if not isinstance(given, dict):
        return {"properties": scrubbed(given), "_refusal": "the line is not a JSON object"}, []
    fields = {name: value for name, value in given.items() if not name.startswith("_")}
    row = {name: _tidy(fields.get(name)) for name in TABLES["events"].columns}
    row["properties"] = {name: _tidy(value) for name, value in fields.items() if name not in KNOWN} or None
    try:
        _check(row)
        row["occurred_at"] = _moment(row["occurred_at"])
        consents = [{"event_id": row["event_id"], **consent} for consent in _consents(fields.get("consent"))]
    except Broken as broken:
        return _without_addresses(row) | {"_refusal": str(broken), "_refused_column": broken.column}, []
    return _without_addresses(row | _tags(row, fields)), consents


class _Pile:
    """Rows for the next page, and the places that have been read to: by file, the fields of `Place`."""

    def __init__(self, read: Mapping[str, dict]) -> None:
        self.read = dict(read)
        self._begin()

    @property
    def is_full(self) -> bool:
        return self.line_count >= LINES_PER_PAGE

    def add(self, file: LandedFile, line: Line) -> None:
        self.line_count += 1
        self.read[file.name] = vars(line.place)
        if line.content is None:
            row, consents = {"_refusal": "the file is damaged from here on; drop it once more"}, []
        elif not line.content.strip():
            return
        else:
            row, consents = event_row(line.content)
        self.rows["events"].append(row | {"_file": file.name, "_file_line": line.number})
        self.rows["consents"] += consents

    def finish(self, file: LandedFile, place: Place) -> None:
        """Note that a file has been read to its end."""
        self.read[file.name] = vars(place)
        self.rows["files"].append({"file": file.name, **vars(place)})
        if file.is_unfinished:
            self.unfinished.append(file.name)

    def page(self) -> Page:
        """What lies here; then begin anew."""
        notice = f"{', '.join(self.unfinished[:5])}: ends amid a line; it is read as soon as it is whole."
        page = Page(self.rows, bookmark={"read": dict(self.read)}, notice=notice if self.unfinished else None)
        self._begin()
        return page

    def _begin(self) -> None:
        self.line_count = 0
        self.rows: dict[str, list[dict]] = {"events": [], "consents": [], "files": []}
        self.unfinished: list[str] = []


def _check(row: Mapping[str, Any]) -> None:
    """Raises Broken."""
    for name in ("event_id", "event_type", "occurred_at"):
        if row[name] is None:
            raise Broken(name, f"{name} is missing")
    for name, value in row.items():
        if isinstance(value, dict | list) and name != "properties":
            raise Broken(name, f"{name} is neither a text nor a number")
    if row["email"] is not None and not E_MAIL.fullmatch(str(row["email"])):
        raise Broken("email", "email is not an address")
    if row["value"] is not None and not NUMBER.fullmatch(str(row["value"])):
        raise Broken("value", "value is not a number")


def _moment(given: Any) -> str:
    """A moment in UTC. Raises Broken."""
    try:
        moment = datetime.fromisoformat(str(given))
        if moment.tzinfo is None:
            raise Broken("occurred_at", "occurred_at says nothing of its time zone, such as Z or +02:00")
        if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            raise Broken("occurred_at", f"occurred_at is not within the years {EARLIEST_YEAR} to {LATEST_YEAR}")
        return moment.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise Broken("occurred_at", "occurred_at is not a date-time such as 2026-11-01T09:30:00Z") from None


def _consents(given: Any) -> Iterator[dict[str, str]]:
    """Raises Broken."""
    for consent in [] if given is None else given if isinstance(given, list) else [given]:
        purpose = consent.get("purpose") if isinstance(consent, dict) else None
        if not isinstance(purpose, str) or not purpose.strip():
            raise Broken("consent", "consent has no purpose")
        if consent.get("status") not in STATUSES:
            raise Broken("consent", f"the status of a consent is not one of {', '.join(STATUSES)}")
        yield {"purpose": purpose.strip(), "status": consent["status"]}


def _tags(row: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """UTM tags and click id: those that are given, else those of the page, else those of the visit's first page."""
    named = {kind: _tidy(fields.get(kind)) for kind in CLICK_IDS}
    click = next((f"{kind}:{value}" for kind, value in named.items() if value is not None), None)
    given = {name: row[name] for name in UTM if row[name] is not None}
    if row["click_id"] or click:
        given["click_id"] = row["click_id"] if CLICK_ID.fullmatch(str(row["click_id"] or "")) else click
    if not given:
        queries = [query_of(str(row[name])) for name in ("url", "landing_page") if row[name]]
        given = next((tags for tags in map(tags_of, queries) if tags), {})
    return given


def _without_addresses(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose addresses end before their query."""
    addresses = {name: without_query(row[name]) for name in ADDRESSES if isinstance(row[name], str)}
    others = {name: scrubbed(value) for name, value in row.items() if name not in addresses}
    return others | addresses


def _tidy(value: Any) -> Any:
    """A text without spaces around it, None where it is empty; no database takes a zero byte."""
    if isinstance(value, str):
        return value.replace("\0", "").strip() or None
    return value

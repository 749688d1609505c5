"""Records of a vendor's API as raw tables: declared columns get their type, new ones come as text, and nothing is lost.

A vendor adds a field: the raw table gains a text column of that name. A vendor changes the type of a field that is used
here: the record is refused with the reason and keeps its last good version.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ingestion.config import Settings
from ingestion.landing import (
    QUARANTINE_COLUMNS,
    complete_tables,
    connect,
    land,
    new_landing,
    source_dir,
    stored_columns,
    stored_types,
)
from ingestion.pages import DELETED, OF_RECORDS, PRESENT, Page, Reading, Stream, read
from ingestion.sources import Extraction, RawState
from ingestion.sql import (
    copy_to_parquet,
    email_key,
    equal,
    id_without_address,
    identifier,
    identifiers,
    keyed_hash,
    literal,
)
from ingestion.versions import VERSION_COLUMNS, Snapshot

_BEFORE_THE_FIRST = "no load yet"
CURSOR_COLUMNS = {"stream": "string", "cursor": "string"}
# How the stream of a table is called that notes how many records there are.
COUNTED = " counted"
DAY_PATTERN = r"\d{4}-\d{2}-\d{2}"
EPOCH_PATTERN = r"-?\d{12,13}"  # milliseconds
KINDS = {
    "timestamp": "a date-time",
    "date": "a date",
    "boolean": "true or false",
    "double": "a number",
    "bigint": "a whole number",
}


@dataclass(frozen=True)
class Parent:
    """Rows of a table belong to a record of another one: they go when it goes.

    The own `column` names it by its `of`; with `only_vanished` they stay while the source still says that the record is
    deleted, and go when it names it no more (as after an erasure).
    """

    column: str
    table: str
    of: str = "id"
    only_vanished: bool = False


@dataclass(frozen=True)
class RawTable:
    """A raw table that a vendor's records fill.

    `columns` are those that staging reads, in snake_case as dlt spells them, with their types; the key's are among
    them. `version` is the column whose greater value is the newer state of a record. From the column `email` a join
    key and the domain are made (`email_key`, `email_domain`). `parents` stand before it among the tables.

    `ids` are columns, of those that the vendor's customer fills, in which an e-mail becomes its key; `hashed` are those
    made of what may be personal, stored as keyed hashes.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    version: str | None = None
    email: str | None = None
    parents: tuple[Parent, ...] = ()
    ids: tuple[str, ...] = ()
    hashed: tuple[str, ...] = ()

    def with_columns(self, columns: Mapping[str, str]) -> "RawTable":
        """The same table with further columns."""
        return replace(self, columns={**self.columns, **columns})

    @property
    def declared(self) -> dict[str, str]:
        """The columns that are always there, and their types."""
        return {**self.columns, **({"email_key": "string", "email_domain": "string"} if self.email else {})}


@dataclass(frozen=True)
class _Conformed:
    """A table's records after typing: views of the good rows (each key once) and of the refused ones, and counts."""

    table: RawTable
    types: dict[str, str]
    rows: str
    refused: str
    row_count: int
    quarantined_count: int


def raw_tables_of(tables: Mapping[str, RawTable]) -> list[str]:
    """The tables that a source read by `extract` keeps in its raw schema."""
    return [*tables, "cursors", "quarantine"]


def expectations_of(tables: Mapping[str, RawTable]) -> dict[str, list[dict]]:
    """What holds of every such raw table: keys are filled, declared columns stay, each row says when it was learnt.

    dlt puts a value of another type into a new column `…__v_…`; none may appear.
    """
    return {
        table.name: [
            {
                "severity": "block",
                "type": "expect_table_columns_to_match_set",
                "kwargs": {"column_set": [*table.declared, *VERSION_COLUMNS, "_dlt_load_id"], "exact_match": False},
            },
            *(
                {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
                for name in ("_loaded_at", "_row_hash", *table.key)
            ),
        ]
        for table in tables.values()
    }


def count_stream(table: str, count: Callable[[], int]) -> Stream:
    """A stream that notes, in place of a cursor, how many records the source itself counts of what fills a table."""
    return Stream(f"{table}{COUNTED}", lambda *_: iter([Page(cursor=count())]))


def cursors(raw: RawState) -> dict[str, object]:
    """Where each stream's next load begins, as the last complete load left it; nowhere yet where all is read anew."""
    return {} if raw.is_reload else last_cursors(raw)


def last_cursors(raw: RawState) -> dict[str, object]:
    """What the last complete load left, also where all is read anew: from there on deletions have yet to be learnt."""
    return {stream: json.loads(cursor) for stream, cursor in last_versions(raw, "cursors", ("stream",), ("cursor",))}


def last_versions(raw: RawState, table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> list[tuple]:
    """Key and columns of the newest version of each row that a raw table has; none before the first load."""
    with connect(raw, raw.warehouse.parent / "spilled") as connection:
        if not stored_columns(connection, raw, table):
            return []
        row = f"row({identifiers(columns)})"
        newest = f"unnest(arg_max({row}, (_loaded_at, _dlt_load_id)))"
        return connection.execute(
            f"select {identifiers(key)}, {newest} from warehouse.{raw.dataset}.{table} group by {identifiers(key)}"
        ).fetchall()


def extract(
    source: str, label: str, settings: Settings, raw: RawState, tables: Mapping[str, RawTable], streams: list[Stream]
) -> Extraction:
    """Read the streams to their end and find what is new in their tables.

    Raises Fault; then nothing has been loaded, and the pages read so far are kept for the next try.
    """
    work = source_dir(settings, source)
    reading = read(work / "unfinished", label, streams, cursors(raw), _base(raw))
    spill = work / "spilled"
    landing = new_landing(settings, source, raw)
    landing.mkdir(parents=True)
    notices = list(reading.notices)
    with connect(raw, spill) as connection:
        secret = settings.hash_secret()
        conformed = [_conform(connection, table, reading, raw, secret, landing) for table in tables.values()]
        whole = {table for stream in streams for table in stream.whole}
        changed_count = 0
        for result in conformed:
            orphans = _orphans(connection, result.table, tables, raw, landing)
            snapshot = _snapshot(connection, result, reading, raw, result.table.name in whole, notices, orphans)
            changed_count += land(connection, snapshot, raw, landing)
        land(connection, _quarantine(connection, conformed, secret), raw, landing)
        land(connection, _cursor_snapshot(connection, reading), raw, landing)
        types = {result.table.name: result.types for result in conformed}
        types |= {"cursors": CURSOR_COLUMNS, "quarantine": QUARANTINE_COLUMNS}
        complete = complete_tables(connection, raw, types)
    for path in landing.glob("*.typed.parquet"):
        path.unlink()
    return Extraction(
        landing=landing,
        columns=types,
        complete=complete,
        row_count=sum(result.row_count for result in conformed),
        changed_count=changed_count,
        quarantined_count=sum(result.quarantined_count for result in conformed),
        notices=notices,
    )


def _base(raw: RawState) -> str:
    """A name for what the load builds on: it changes with every load of this source that has been committed."""
    with connect(raw, raw.warehouse.parent / "spilled") as connection:
        if not stored_columns(connection, raw, "loads"):
            return _BEFORE_THE_FIRST
        [(count, last)] = connection.execute(
            f"select count(*), max(finished_at) from warehouse.{raw.dataset}.loads where status = 'loaded'"
        ).fetchall()
    if not count:
        return _BEFORE_THE_FIRST
    return f"{count} loads, the last at {last}" + (", read anew" if raw.is_reload else "")


def _conform(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    reading: Reading,
    raw: RawState,
    secret: bytes,
    landing: Path,
) -> _Conformed:
    """Type a table's records; of several records with one key the newest stays.

    A raw column keeps the type that it was made with, since the playbook may map a field only later, or no more: a text
    that is to be a number now is stored as the text, if it is one.
    """
    seen = reading.columns.get(table.name, [])
    stored = stored_types(connection, raw, table.name)
    extra = [name for name in dict.fromkeys([*stored, *seen]) if name not in table.declared]
    wanted = table.declared | dict.fromkeys(extra, "string")
    types = {name: stored.get(name, kind) for name, kind in wanted.items()}
    tested = {name: wanted[name] if kind == "string" else kind for name, kind in types.items()}
    own = [*table.columns, *extra]
    given = reading.relation(table.name, "", [*own, *OF_RECORDS, "_line"])
    if given is None:
        empty = ", ".join(f"cast(null as varchar) as {identifier(name)}" for name in (*own, *OF_RECORDS))
        given = f"(select {empty}, '0' as _line where false)"
    columns = [f"{_stored(table, name, types[name], secret)} as {identifier(name)}" for name in table.columns]
    if table.email:
        address = f"trim({identifier(table.email)})"
        columns += [
            f"{email_key(address, secret)} as email_key",
            f"nullif(split_part(lower({address}), '@', 2), '') as email_domain",
        ]
    columns += [f"{_typed(name, types[name])} as {identifier(name)}" for name in extra]
    complaints = [complaint for name in own for complaint in _complaints(table, name, tested[name])]
    fault = " when _refusal is not null then _refusal"
    fault += "".join(f" when {test} then {reason}" for test, _, reason in complaints)
    fault_column = " when _refusal is not null then _refused_column"
    fault_column += "".join(f" when {test} then {literal(column)}" for test, column, _ in complaints)
    cells = ", ".join(f"{literal(name)}: {identifier(name)}" for name in own)
    select = f"""
        select
            {", ".join(columns)},
            coalesce(_is_deleted = 'true', false) as _is_deleted,
            cast(_line as bigint) as _line,
            _file,
            cast(_file_line as bigint) as _file_line,
            case{fault} end as _fault,
            case{fault_column} end as _fault_column,
            case when (case{fault} end) is not null then cast(to_json({{{cells}}}) as varchar) end as _given
        from {given}
    """
    path = landing / f"{table.name}.typed.parquet"
    connection.execute(copy_to_parquet(select, path)).fetchall()
    typed = f"read_parquet({literal(path)})"
    newest = f"({identifier(table.version)}, _line)" if table.version else "_line"
    rows, refused = f"good_{table.name}", f"refused_{table.name}"
    # Only keys are grouped, so that a table of wide rows need not fit into memory.
    connection.execute(
        f"""
        create view {rows} as
        select typed.* from {typed} as typed
        semi join (
            select arg_max(_line, {newest}) as _line from {typed} where _fault is null group by {identifiers(table.key)}
        ) as newest on typed._line = newest._line
        """
    )
    connection.execute(f"create view {refused} as select * from {typed} where _fault is not null")
    [(row_count, quarantined_count)] = connection.execute(
        f"select count(*) filter (where not _is_deleted), count(*) filter (where _fault is not null) from {typed}"
    ).fetchall()
    return _Conformed(table, types, rows, refused, row_count, quarantined_count)


def _stored(table: RawTable, name: str, data_type: str, secret: bytes) -> str:
    """The expression that turns a text into what is stored: of the type, and an id without an address."""
    if name in table.ids:
        return id_without_address(identifier(name), secret)
    return keyed_hash(identifier(name), secret) if name in table.hashed else _typed(name, data_type)


def _typed(name: str, data_type: str) -> str:
    """The expression that turns a text into a type, null where it cannot be."""
    cell = identifier(name)
    text = f"nullif(trim({cell}), '')"
    if data_type == "string":
        return cell
    if data_type == "bigint":
        number = f"try_cast({text} as decimal(38, 9))"
        return f"case when {number} = trunc({number}) then try_cast({number} as bigint) end"
    if data_type == "double":
        number = f"try_cast({text} as double)"
        return f"case when isfinite({number}) then {number} end"
    if data_type == "boolean":
        return f"case when lower({text}) in ('true', '1') then true when lower({text}) in ('false', '0') then false end"
    if data_type == "date":
        return f"case when regexp_full_match({text}, '{DAY_PATTERN}.*') then try_cast({text}[:10] as date) end"
    return f"""case
        when regexp_full_match({text}, '{EPOCH_PATTERN}') then epoch_ms(cast({text} as bigint))
        else timezone('UTC', try_cast(regexp_replace({text}, '([+-]\\d\\d)(\\d\\d)$', '\\1:\\2') as timestamptz))
    end"""


def _complaints(table: RawTable, name: str, data_type: str) -> list[tuple[str, str, str]]:
    """Triples of a condition under which a record is refused, the column, and the reason as SQL."""
    cell, found = identifier(name), []
    if name in table.key:
        found.append((f"coalesce(trim({cell}), '') = ''", name, literal(f"{name} is empty")))
    if data_type != "string":
        before, after = literal(f"{name}: '"), literal(f"' is not {KINDS[data_type]}")
        reason = f"concat({before}, {cell}, {after})"
        found.append((f"coalesce(trim({cell}), '') != '' and ({_typed(name, data_type)}) is null", name, reason))
    return found


def _snapshot(
    connection: duckdb.DuckDBPyConnection,
    result: _Conformed,
    reading: Reading,
    raw: RawState,
    is_whole: bool,
    notices: list[str],
    orphans: list[str],
) -> Snapshot:
    table = result.table
    columns = list(result.types)
    named = [
        f"select {_typed_key(table)} from {relation}"
        for kind in ("", PRESENT)
        if (relation := reading.relation(table.name, kind, table.key))
    ]
    if is_whole and not named:
        stored = f"warehouse.{raw.dataset}.{table.name}"
        if (
            stored_columns(connection, raw, table.name)
            and connection.execute(f"select 1 from {stored} limit 1").fetchall()
        ):
            notices.append(f"{table.name}: the source names not one record any more; those of the last load are kept.")
        is_whole = False
    if is_whole:
        return Snapshot(
            table.name, columns, table.key, result.rows, f"({' union all '.join(named)})", is_deleted="_is_deleted"
        )
    gone = [*_named_as_deleted(connection, table, reading, raw), *orphans]
    deleted = f"({' union '.join(gone)})" if gone else None
    return Snapshot(table.name, columns, table.key, result.rows, deleted=deleted, is_deleted="_is_deleted")


def _named_as_deleted(
    connection: duckdb.DuckDBPyConnection, table: RawTable, reading: Reading, raw: RawState
) -> list[str]:
    """Selects of the keys that the pages name as deleted; a key without its last columns names all that begin so.

    Of those, a record that was given but refused is not gone: it keeps its last good version.
    """
    relation = reading.relation(table.name, DELETED, table.key)
    if relation is None:
        return []
    first, rest = table.key[0], table.key[1:]
    is_full = " and ".join(f"{identifier(name)} is not null" for name in table.key)
    found = [f"select {_typed_key(table)} from {relation} where {is_full}"]
    if rest and stored_columns(connection, raw, table.name):
        begins_so = " and ".join(
            f"(named.{identifier(name)} is null or named.{identifier(name)} = stored.{identifier(name)})"
            for name in rest
        )
        found.append(
            f"select {identifiers(table.key, 'stored')} from warehouse.{raw.dataset}.{table.name} as stored "
            f"semi join (select {_typed_key(table)} from {relation} where not ({is_full})) as named "
            f"on named.{identifier(first)} = stored.{identifier(first)} and {begins_so} "
            f"anti join refused_{table.name} as refused on {equal(table.key, 'refused', 'stored')}"
        )
    return found


def _orphans(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    tables: Mapping[str, RawTable],
    raw: RawState,
    landing: Path,
) -> list[str]:
    """Selects of the keys whose parent's deletion has just been landed."""
    if not table.parents or not stored_columns(connection, raw, table.name):
        return []
    found = []
    for parent in table.parents:
        landed = f"read_parquet({literal(landing / f'{parent.table}.parquet')})"
        lost = f"select {identifier(parent.of)} from {landed} as landed"
        if parent.only_vanished:
            key = tables[parent.table].key
            lost += f" anti join good_{parent.table} as given on {equal(key, 'given', 'landed')}"
        found.append(
            f"select {identifiers(table.key, 'stored')} from warehouse.{raw.dataset}.{table.name} as stored "
            f"semi join ({lost} where landed._is_deleted) as lost "
            f"on lost.{identifier(parent.of)} = stored.{identifier(parent.column)}"
        )
    return found


def _typed_key(table: RawTable) -> str:
    return ", ".join(f"{_typed(name, table.columns[name])} as {identifier(name)}" for name in table.key)


def _quarantine(connection: duckdb.DuckDBPyConnection, conformed: list[_Conformed], secret: bytes) -> Snapshot:
    """Refused records as one table; a record that is good by now leaves a tombstone there."""

    def keys(result: _Conformed) -> str:
        record_id = " || '/' || ".join(
            f"coalesce(cast({identifier(name)} as varchar), '')" for name in result.table.key
        )
        record_id = id_without_address(f"({record_id})", secret)
        name = literal(result.table.name)
        return f"{name} as entity, coalesce(_file, {name}) as file, _file_line as line, {record_id} as record_id"

    refused = " union all ".join(
        f"select {keys(result)}, max_by(_fault_column, _line) as column_name, max_by(_fault, _line) as reason, "
        f"max_by(_given, _line) as given from {result.refused} group by all"
        for result in conformed
    )
    good = " union all ".join(f"select {keys(result)} from {result.rows}" for result in conformed)
    connection.execute(f"create view refused as {refused}")
    connection.execute(f"create view good as {good}")
    key = ("entity", "file", "line", "record_id")
    return Snapshot("quarantine", list(QUARANTINE_COLUMNS), key, "refused", deleted="good")


def _cursor_snapshot(connection: duckdb.DuckDBPyConnection, reading: Reading) -> Snapshot:
    connection.execute("create table next_cursors (stream varchar, cursor varchar)")
    for stream, cursor in reading.cursors.items():
        connection.execute("insert into next_cursors values (?, ?)", [stream, json.dumps(cursor, sort_keys=True)])
    return Snapshot("cursors", list(CURSOR_COLUMNS), ("stream",), "next_cursors")

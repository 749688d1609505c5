"""Append-only raw tables: what a new snapshot of a table adds to the versions that the warehouse has already."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.sql import copy_to_parquet, equal, identifier, identifiers, literal

# The hash of a row whose person was erased: it is final, whatever its source says of it later.
ERASED = "erased"
# Beside a table's own columns every raw row carries these.
VERSION_COLUMNS = {
    "_row_hash": "string",  # of the row's own columns: equal hash, equal row
    "_loaded_at": "timestamp",  # when we learnt it
    "_is_deleted": "boolean",  # a tombstone: the row was gone from the source
    "_is_backfilled": "boolean",  # it came with the first load, so `_loaded_at` does not say when it became known
}


@dataclass(frozen=True)
class Snapshot:
    """Rows that a source has of one table, as relations of the connection: all, or only those that may have changed.

    `rows` are the good ones, each key once; `is_deleted` is the condition under which such a row says that it is gone.

    Of a whole table, `present` has the keys of all rows, good or refused: what is not among them is gone, and a row
    that was refused today keeps its last good version. `knows_deletions` is false where the key of a refused row cannot
    be read: it may be any of the rows that seem gone, so none of them is taken for deleted.

    Of a part of a table (`present` is None), `deleted` has the keys that the source names as gone.
    """

    table: str
    columns: list[str]
    key: tuple[str, ...]
    rows: str
    present: str | None = None
    knows_deletions: bool = True
    deleted: str | None = None
    is_deleted: str = "false"


def write_changes(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, stored: str | None, loaded_at: datetime, target: Path
) -> int:
    """Write new and changed rows, and a tombstone for each row that is gone, to a parquet file; return their number.

    `stored` names the raw table in an attached warehouse, None before the first load.
    """
    given = f"""
        select {identifiers(snapshot.columns)}, {_row_hash(snapshot.columns)} as _row_hash,
            coalesce({snapshot.is_deleted}, false) as _is_deleted
        from {snapshot.rows}
    """
    changes = given if stored is None else _changes(connection, snapshot, given, stored)
    target.parent.mkdir(parents=True, exist_ok=True)
    select = f"""
        select
            {identifiers(snapshot.columns)},
            _row_hash,
            timestamp '{loaded_at.isoformat(sep=" ")}' as _loaded_at,
            _is_deleted,
            {stored is None} as _is_backfilled
        from ({changes})
    """
    [(count,)] = connection.execute(copy_to_parquet(select, target)).fetchall()
    return count


def _row_hash(columns: list[str]) -> str:
    """Over names and values of the filled columns, so that a column which a table gains later changes no other row."""
    cells = ", ".join(f"{literal(name + '=')} || cast({identifier(name)} as varchar)" for name in sorted(columns))
    return f"md5(concat_ws(chr(31), {cells}))"


def _changes(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, given: str, stored: str) -> str:
    key = snapshot.key
    of_interest = ""
    if snapshot.present:
        gone = f"""
            select latest.*
            from latest
            left join (select distinct {identifiers(key)}, true as _is_present from {snapshot.present}) as present
                on {equal(key, "present", "latest")}
            where present._is_present is null and not latest._is_deleted and latest._row_hash != '{ERASED}'
                and {snapshot.knows_deletions}
        """
    else:
        deleted = snapshot.deleted or f"(select {identifiers(key)} from {snapshot.rows} where false)"
        named = f"select {identifiers(key)} from {snapshot.rows} union select {identifiers(key)} from {deleted}"
        of_interest = f"semi join ({named}) as named on {equal(key, 'named', 'stored')}"
        gone = f"""
            select latest.*
            from latest
            semi join {deleted} as deleted on {equal(key, "deleted", "latest")}
            anti join given on {equal(key, "given", "latest")}
            where not latest._is_deleted and latest._row_hash != '{ERASED}'
        """
    # A raw table may lack columns that the source has gained since: hence its tombstones are united by name.
    has = {name for (name, *_) in connection.execute(f"describe {stored}").fetchall()}
    own = identifiers([name for name in snapshot.columns if name in has])
    return f"""
        with given as (
            {given}
        ),

        latest as (
            select
                {identifiers(key)},
                arg_max(_row_hash, (_loaded_at, _dlt_load_id)) as _row_hash,
                arg_max(_is_deleted, (_loaded_at, _dlt_load_id)) as _is_deleted,
                max((_loaded_at, _dlt_load_id)) as _version
            from {stored} as stored
            {of_interest}
            group by {identifiers(key)}
        ),

        added as (
            select given.*
            from given
            left join latest
                on {equal(key, "given", "latest")}
                and (
                    latest._row_hash = '{ERASED}'
                    or (given._is_deleted = latest._is_deleted and given._row_hash = latest._row_hash)
                )
            where latest._row_hash is null
        ),

        gone as (
            {gone}
        ),

        tombstones as (
            select {own}, stored._row_hash, true as _is_deleted
            from {stored} as stored
            semi join gone
                on {equal(key, "stored", "gone")}
                and (stored._loaded_at, stored._dlt_load_id) = gone._version
        )

        select * from added
        union all by name
        select * from tombstones
    """

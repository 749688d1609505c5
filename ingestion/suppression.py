"""Who was erased and must not come back: keyed hashes beside the data, applied to all that a source gives.

`suppressed.csv` has a row per address, id or visitor: its kind, its key (HMAC under `hash_secret`) and since when. No
address can be read from it, and without `hash_secret` none can be tried.
"""

import csv
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.faults import Fault
from ingestion.personal import Personal, keyed, normal_address, normal_address_sql, people_of
from ingestion.sources import RawState
from ingestion.sql import identifier, keyed_hash, literal
from ingestion.versions import Snapshot

FILE = "suppressed.csv"
COLUMNS = ("kind", "key", "suppressed_at")
KINDS = ADDRESS, ID, VISITOR = "address", "id", "visitor"
RECEIPTS = "erasures"
DAMAGED = "It says who was erased: put it back from a backup, or mend the line."
ADDRESS_PATTERN = r"""[^\s@"',;:<>(){}\[\]]+@[^\s@"',;:<>(){}\[\]]+"""


def suppress(data_dir: Path, secret: bytes, found: Iterable[tuple[str, str]], at: datetime) -> None:
    """Add kinds and values to the list; those that stand there already keep their date."""
    path = data_dir / FILE
    rows = _rows(data_dir)
    known = {(row["kind"], row["key"]) for row in rows}
    for kind, key in sorted({(kind, _key(secret, kind, value)) for kind, value in found} - known):
        rows.append({"kind": kind, "key": key, "suppressed_at": at.isoformat() + "Z"})
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def require_readable(data_dir: Path) -> None:
    """Raises Fault where the list is damaged, or is gone though somebody was erased: they would all come back."""
    _rows(data_dir)


def suppressed(data_dir: Path) -> dict[str, datetime]:
    """The keys on the list, and since when each is there (naive UTC). Raises Fault where the list is damaged."""
    return {row["key"]: datetime.fromisoformat(row["suppressed_at"]).replace(tzinfo=None) for row in _rows(data_dir)}


def suppressed_since(data_dir: Path, secret: bytes, address: str) -> str | None:
    """When an address was suppressed, None where it was not."""
    key = _key(secret, ADDRESS, address)
    return next((row["suppressed_at"] for row in _rows(data_dir) if row["key"] == key), None)


def without_suppressed(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, raw: RawState) -> Snapshot:
    """The snapshot without the rows of people who were erased; counts them in `raw.suppressed_counts`."""
    data_dir = raw.warehouse.parent
    path = data_dir / FILE
    if not path.exists():
        return snapshot
    secret = (data_dir / "hash_secret").read_bytes()
    if snapshot.table == "quarantine":
        tests = _tests_of_refused(raw.source, secret, path)
    else:
        personal = people_of(raw.source).get(snapshot.table, Personal())
        tests = _tests(personal, snapshot.columns, secret, path)
    if not tests:
        return snapshot
    is_suppressed = f"coalesce({' or '.join(f'coalesce({test}, false)' for test in tests)}, false)"
    [(count,)] = connection.execute(f"select count(*) from {snapshot.rows} where {is_suppressed}").fetchall()
    if not count:
        return snapshot
    counts = raw.suppressed_counts
    counts[snapshot.table] = counts.get(snapshot.table, 0) + count
    return replace(snapshot, rows=f"(select * from {snapshot.rows} where not {is_suppressed})")


def notices(raw: RawState) -> tuple[str, ...]:
    """What to tell of the rows that were left out; nothing where none was."""
    if not raw.suppressed_counts:
        return ()
    told = ", ".join(f"{table} {count:,}" for table, count in raw.suppressed_counts.items())
    return (f"{raw.source}: left out what tells of people who were erased (rows: {told}); delete them there, too.",)


def _rows(data_dir: Path) -> list[dict[str, str]]:
    path = data_dir / FILE
    if not path.exists():
        if any((data_dir / RECEIPTS).glob("*.json")):
            raise Fault(
                f"{path} is gone, and {data_dir / RECEIPTS} tells of people who must not come back. Put it back from a "
                f"backup, or write it anew: {','.join(COLUMNS)}, and a line {ADDRESS},<key>,<erased_at> for each of "
                "the people there."
            )
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Fault(f"{path} is no text ({error}). {DAMAGED}") from error
    if tuple(header) != COLUMNS:
        raise Fault(f"{path}, line 1: is not {','.join(COLUMNS)}. {DAMAGED}")
    for line, row in enumerate(rows, start=2):
        if len(row) != len(COLUMNS) or row[0] not in KINDS or not re.fullmatch("[0-9a-f]{64}", row[1]):
            raise Fault(f"{path}, line {line}: is not a kind ({', '.join(KINDS)}), a key and a moment. {DAMAGED}")
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def _key(secret: bytes, kind: str, value: str) -> str:
    return keyed(secret, kind, normal_address(value) if kind == ADDRESS else value)


def _tests(personal: Personal, columns: list[str], secret: bytes, path: Path) -> list[str]:
    """Conditions under which a row tells of somebody who was erased."""
    told = [(ADDRESS, normal_address_sql(identifier(name))) for name in personal.addresses if name in columns]
    told += [(VISITOR, identifier(name)) for name in personal.visitors if name in columns]
    tests = [is_listed(kind, value, secret, path) for kind, value in told]
    for name, prefix in personal.ids.items():
        if name in columns:
            value = f"{literal(prefix)} || cast({identifier(name)} as varchar)"
            tests.append(f"({personal.only_where}) and {is_listed(ID, value, secret, path)}")
    if "email_key" in columns:
        tests.append(is_listed(ID, "email_key", secret, path))
    return tests


def _tests_of_refused(source: str, secret: bytes, path: Path) -> list[str]:
    """The same of refused rows, by the addresses that occur in what was given and by the record's id."""
    listed = _listed(path)
    key = keyed_hash(f"'{ADDRESS}|' || {normal_address_sql('word')}", secret)
    words = f"regexp_extract_all(given, {literal(ADDRESS_PATTERN)})"
    prefixes = {prefix for personal in people_of(source).values() for prefix in personal.ids.values()}
    return [f"len(list_filter({words}, lambda word: {key} in {listed})) > 0"] + [
        is_listed(ID, f"{literal(prefix)} || record_id", secret, path) for prefix in sorted(prefixes)
    ]


def is_listed(kind: str, value: str, secret: bytes, path: Path) -> str:
    """The condition in SQL that a value of a kind is on the list at `path`."""
    text = f"{literal(f'{kind}|')} || {value}"
    return f"{keyed_hash(text, secret)} in {_listed(path)}"


def _listed(path: Path) -> str:
    """The keys as a list in SQL: they are few, and hexadecimal; all may have been taken back."""
    return "(" + (", ".join(literal(row["key"]) for row in _rows(path.parent)) or "null") + ")"

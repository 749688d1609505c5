"""Forget a person: what says who it was goes from all that Funnelhouse keeps; what happened stays, anonymous.

A person is whoever the warehouse takes for one: the records that share an address or were merged, in all sources. In
raw tables their rows stay in all versions, without name, address, phone, title or free text, and their ids give way to
keyed hashes: so every count, credit and amount stays, and no later word of a source changes them. Files are written
anew and swapped, since deleted bytes survive inside a database; what can be made again is thrown away.

The order makes it safe to be killed: who is erased is suppressed first, and the warehouse, by which they are found, is
swapped last. Until then the command finds the same person again and does the same.
"""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion import playbook
from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.personal import (
    ERASED_DOMAIN,
    PERSONAL_COLUMNS,
    PERSONAL_FIELDS,
    Personal,
    keyed,
    normal_address,
    normal_address_sql,
    people_in,
    requests_of,
    vanished_from,
)
from ingestion.searching import DATABASE, SQLITE, TABLE_FILE, Words, bytes_of, holds, text_columns
from ingestion.sources import RAW_PREFIX, known_sources, raw_dataset
from ingestion.sql import MEMORY_LIMIT, identifier, identifiers, literal
from ingestion.suppression import ADDRESS, ID, VISITOR, suppress, suppressed_since
from ingestion.versions import ERASED

ADDRESS_SHAPE = r"[^@\s]+@[^@\s]+\.[^@\s]+"
DRAFT = ".erasing"
# What can be made again, or is left of work that was broken off.
THROWN_AWAY = ("dlt", "dev", "replay", "spilled", "raw/*/unfinished", "raw/*/work", "raw/*/spilled", "dbt/*/")
# Ids as long as these are nobody else's, wherever they stand.
DISTINCTIVE_LENGTH = 8
KEY = "key"
DOMAINS = ("domain", "website", "email_domain")
NAMES_OF_COMPANIES = {"accounts": ("account_name", "name"), "companies": ("name",)}

Say = Callable[[str], None]
Declared = Mapping[tuple[str, str], Personal]


@dataclass
class Person:
    """All that somebody is known by: `ids` as the warehouse writes them, `addresses` as they are compared, `spelled` as
    they were given (lower case), `keys` of addresses; visitors' ids that are nobody else's; names and phones as given;
    and the rows of other tables that are theirs, per `<source>.<table>`.
    """

    ids: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    spelled: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    visitors: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    rows: dict[str, set[str]] = field(default_factory=dict)

    def known(self) -> list[tuple[str, str]]:
        """Kinds and values as rows are matched by them; a key may also stand where an id does."""
        kinds = ((ID, self.ids | self.keys), (ADDRESS, self.addresses), (KEY, self.keys), (VISITOR, self.visitors))
        return [(kind, value) for kind, values in (*kinds, *self.rows.items()) for value in values]


@dataclass
class Receipt:
    """What an erasure did, in words and numbers that name nobody; `people` are keyed hashes of addresses or ids."""

    asked_by: str
    erased_at: str
    people: list[str]
    rows: dict[str, int] = field(default_factory=dict)
    files_rewritten: list[str] = field(default_factory=list)
    files_removed: list[str] = field(default_factory=list)
    bytes_searched: int = 0
    still_found_in: list[str] = field(default_factory=list)
    own_files_that_hold_it: list[str] = field(default_factory=list)

    def count(self, where: str, rows: int) -> None:
        if rows:
            self.rows[where] = self.rows.get(where, 0) + rows


def erase(settings: Settings, address: str, say: Say) -> Receipt | None:
    """Erase whoever has an e-mail address; None where nobody is known by it. The caller holds `refresh.lock`.

    Raises Fault where it is not an address, or where there is no warehouse.
    """
    if not re.fullmatch(ADDRESS_SHAPE, address.strip()):
        raise Fault(f"EMAIL: '{address}' is not an e-mail address; say for example make erase EMAIL=anna@example.com")
    if not settings.warehouse.exists():
        raise Fault(f"There is no {settings.warehouse} yet, so nobody is known.")
    receipt = _erase(
        settings, Person(addresses={normal_address(address)}, spelled={address.strip().lower()}), "command", say
    )
    since = suppressed_since(settings.data_dir, settings.hash_secret(), address)
    if receipt is None:
        say(f"Nobody with this address is known{f'; it has been suppressed since {since}' if since else ''}.")
    return receipt


def erase_requested(settings: Settings, source: str, say: Say) -> Receipt | None:
    """Erase those whose erasure has arrived from a source; None where nobody's has. The caller holds `refresh.lock`."""
    asked, request = Person(), requests_of(source)
    if not request or not settings.warehouse.exists():
        return None
    with _warehouse(settings) as connection:
        tables = {(schema, table) for (schema, table) in text_columns(connection, "warehouse")}
        named = set(re.findall(r"{raw}\.(\w+)", request))
        if all((raw_dataset(source), table) in tables for table in named):
            select = request.format(raw=f"warehouse.{raw_dataset(source)}")
            for (value,) in connection.execute(select).fetchall():
                (asked.addresses if re.fullmatch(ADDRESS_SHAPE, value) else asked.ids).add(value)
            if asked.ids and _is_lost_sight_of(connection, settings, source, len(asked.ids), say):
                return None
    asked.addresses = {normal_address(address) for address in asked.addresses}
    return _erase(settings, asked, source, say) if asked.ids or asked.addresses else None


def _is_lost_sight_of(
    connection: duckdb.DuckDBPyConnection, settings: Settings, source: str, gone: int, say: Say
) -> bool:
    """Whether so many people have vanished that it says more of a permission than of them."""
    table = vanished_from(source)
    if table is None:
        return False
    setting = "most_vanished_people_rate"
    most = next(row["value"] for row in playbook.read(settings)["settings"] if row["setting"] == setting)
    [(known,)] = connection.execute(
        f"select count(distinct id) from warehouse.{raw_dataset(source)}.{table}"
    ).fetchall()
    is_lost = gone > known * float(most)
    if is_lost:
        say(
            f"! {source}: {gone:,} of {known:,} people have vanished without a word, more than {setting} of "
            "settings.csv allows; nobody was erased. See whether the connection may still read them all; if they were "
            "erased there, raise the setting."
        )
    return is_lost


def lines(receipt: Receipt) -> list[str]:
    """What to tell of an erasure."""
    told = [
        f"✓ Erased: {sum(receipt.rows.values()):,} rows in {len(receipt.rows):,} tables, "
        f"{len(receipt.files_rewritten):,} files rewritten, {len(receipt.files_removed):,} removed; "
        f"{receipt.bytes_searched:,} bytes searched. Counts and amounts stay."
    ]
    told += [f"✗ {name} still holds the person; remove it, then erase again." for name in receipt.still_found_in]
    told += [
        f"! {name} is yours and still names the person: take them out there. The next load will leave them out."
        for name in receipt.own_files_that_hold_it
    ]
    return [*told, "Restart a dashboard that is open; backups are yours to clean. The next refresh builds the marts."]


def _erase(settings: Settings, asked: Person, asked_by: str, say: Say) -> Receipt | None:
    secret, now = settings.hash_secret(), datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    asked_for = [keyed(secret, ADDRESS, value) for value in asked.addresses]
    asked_for += [keyed(secret, ID, value) for value in asked.ids]
    receipt = Receipt(asked_by, f"{now.isoformat()}Z", sorted(asked_for))
    _sweep_drafts(settings)
    declared = people_in(settings)
    with _warehouse(settings) as connection:
        tables = _Tables(connection, declared)
        person = tables.find(asked)
        if person is None:
            return None
        replaced = _Replacements(person, secret, tables.numeric_prefixes)
        kept_names = tables.names_of_others(person)
        known_companies = tables.companies(person)
    say(f"Erasing {len(person.ids | person.keys):,} ids of {len(person.addresses):,} addresses …")
    listed = [(ADDRESS, value) for value in person.addresses] + [(VISITOR, value) for value in person.visitors]
    suppress(settings.data_dir, secret, [*listed, *((ID, value) for value in person.ids | person.keys)], now)
    words = Words([*person.spelled, *person.addresses, *person.phones, *(person.names - kept_names)])
    cells = Words([*person.spelled, *person.addresses, *person.phones, *_long(person)])
    work = _Work(settings, declared, person, replaced, words, cells, known_companies, receipt)
    work.throw_away()
    for path in sorted(settings.data_dir.rglob(f"*{DATABASE}")):
        if not path.is_symlink() and path != settings.warehouse and not work.is_own(path):
            work.rewrite_derived(path)
    for path in sorted((settings.data_dir / "raw").rglob(f"*{TABLE_FILE}")):
        work.rewrite_landed(path)
    work.rewrite_other_files()
    work.rewrite_warehouse()
    work.search()
    _write(settings, receipt, now)
    return receipt


class _Tables:
    """The raw tables of a warehouse that tell of people."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, declared: Declared) -> None:
        self.connection = connection
        self.columns = _columns(connection, "warehouse")
        self.personal = _personal(declared, self.columns)

    @property
    def numeric_prefixes(self) -> set[str]:
        """What stands before ids that are numbers in their own raw table."""
        return {
            prefix
            for (schema, table), personal in self.personal.items()
            for column, prefix in personal.ids.items()
            if self.columns[schema, table].get(column) == "BIGINT"
        }

    def find(self, asked: Person) -> Person | None:
        """Everything by which the person is known, over all records that the warehouse unites; None for nobody."""
        person, before = asked, None
        seen = 0
        while before != (before := (len(person.ids), len(person.addresses), len(person.keys))):
            seen = 0
            self._remember(person)
            for key, personal in self.personal.items():
                seen += self._learn(person, key, personal)
        if not seen:
            return None
        self._learn_visitors(person)
        self._learn_rows(person)
        return person

    def names_of_others(self, person: Person) -> set[str]:
        """Those of the person's names that somebody else bears, too."""
        self._remember(person)
        found: set[str] = set()
        for key, personal in self.personal.items():
            for expression in _names(self.columns[key], personal):
                select = f"""
                    select distinct {expression} from {_qualified("warehouse", key)}
                    where lower({expression}) in (select lower(unnest(?))) and not {self._matches(key, personal)}
                """
                found |= {name for (name,) in self.connection.execute(select, [sorted(person.names)]).fetchall()}
        lowered = {name.lower() for name in found}
        return {name for name in person.names if name.lower() in lowered}

    def companies(self, person: Person) -> set[str]:
        """Domains and names (lower case) that are a company's: of an account, or of other people, too."""
        self._remember(person)
        found: set[str] = set()
        for key, columns in self.columns.items():
            if not key[0].startswith(RAW_PREFIX):
                continue
            personal = self.personal.get(key)
            others = f"not {self._matches(key, personal)}" if personal else "true"
            for name in {*DOMAINS, *NAMES_OF_COMPANIES.get(key[1], ())} & set(columns):
                text = f"lower(trim({identifier(name)}))"
                bare = rf"regexp_replace({text}, '^(https?://)?(www\.)?|/.*$', '', 'g')" if name in DOMAINS else text
                select = f"select distinct {bare} from {_qualified('warehouse', key)} where {others}"
                found |= {text for (text,) in self.connection.execute(select).fetchall() if text}
        return found

    def _remember(self, person: Person) -> None:
        _remember(self.connection, person)

    def _matches(self, key: tuple[str, str], personal: Personal) -> str:
        return _matches(key, personal, self.columns[key])

    def _learn(self, person: Person, key: tuple[str, str], personal: Personal) -> int:
        """Add what the person's rows of a table say of them; return how many there are."""
        columns = self.columns[key]
        told = [(person.ids, f"{literal(prefix)} || {identifier(name)}") for name, prefix in personal.ids.items()]
        told += [(person.addresses, normal_address_sql(identifier(name))) for name in personal.addresses]
        told += [(person.spelled, f"lower(trim({identifier(name)}))") for name in personal.addresses]
        told += [(person.keys, "email_key")] if "email_key" in columns else []
        told += [(person.names, expression) for expression in _names(columns, personal)]
        told += [
            (person.phones, identifier(name))
            for name in columns
            if re.search("phone|mobile", name) and _is_text(columns[name])
        ]
        if not told:
            return 0
        lists = ", ".join(f"list(distinct {expression})" for _, expression in told)
        select = f"select count(*), {lists} from {_qualified('warehouse', key)} where {self._matches(key, personal)}"
        [(count, *found)] = self.connection.execute(select).fetchall()
        for (known, _), values in zip(told, found, strict=True):
            known |= {str(value).strip() for value in values or () if value is not None and str(value).strip()}
        person.addresses = {address for address in person.addresses if not address.endswith(f"@{ERASED_DOMAIN}")}
        person.phones = {phone for phone in person.phones if len(re.sub(r"\D", "", phone)) >= 6}
        # A form's key of an address is the person's id there.
        return count

    def _learn_visitors(self, person: Person) -> None:
        """Add the ids of visitors that were this person and nobody else."""
        self._remember(person)
        theirs, others = set(), set()
        for key, personal in self.personal.items():
            for visitor in personal.visitors:
                named = [
                    *personal.ids,
                    *personal.addresses,
                    *(["email_key"] if "email_key" in self.columns[key] else []),
                ]
                is_named = " or ".join(f"{identifier(name)} is not null" for name in named)
                matches = self._matches(key, personal)
                for known, condition in ((theirs, matches), (others, f"({is_named}) and not {matches}")):
                    select = (
                        f"select distinct {identifier(visitor)} from {_qualified('warehouse', key)} where {condition}"
                    )
                    known |= {value for (value,) in self.connection.execute(select).fetchall() if value}
        person.visitors = theirs - others

    def _learn_rows(self, person: Person) -> None:
        """Add the rows that are the person's by way of another table."""
        self._remember(person)
        for (schema, table), personal in self.personal.items():
            if personal.of and (schema, personal.of[0]) in self.personal:
                via = (schema, personal.of[0])
                select = f"select distinct {identifier(personal.of[1])} from {_qualified('warehouse', via)} where "
                rows = self.connection.execute(select + self._matches(via, self.personal[via])).fetchall()
                person.rows[f"{schema}.{table}"] = {str(value) for (value,) in rows if value is not None}


class _Replacements:
    """What stands for the person from now on: keyed hashes, so that rows which belonged together still do."""

    def __init__(self, person: Person, secret: bytes, numeric_prefixes: Collection[str]) -> None:
        self.keys = {key: keyed(secret, "erased", key) for key in person.keys}
        self.visitors = {value: f"{ERASED}-{keyed(secret, 'erased', value)[:16]}" for value in person.visitors}
        self.addresses = {
            value: f"{ERASED}-{keyed(secret, 'erased', value)[:16]}@{ERASED_DOMAIN}" for value in person.spelled
        }
        self.ids = dict(self.keys)
        # People without an id of their own are called by the key of their address.
        ids = person.ids | {f"{source}:{key}" for source in known_sources() for key in person.keys}
        for value in ids:
            prefix = value[: value.find(":") + 1]
            own, hashed = value.removeprefix(prefix), keyed(secret, "erased", value)
            stands_for = f"-{int(hashed[:12], 16)}" if prefix in numeric_prefixes else f"{ERASED}-{hashed[:16]}"
            self.ids[value] = prefix + self.keys.get(own, stands_for)

    def of_prefix(self, prefix: str) -> dict[str, str]:
        """The ids that stand behind a prefix, both without it."""
        return {
            old.removeprefix(prefix): new.removeprefix(prefix)
            for old, new in self.ids.items()
            if old.startswith(prefix)
        }


@dataclass
class _Work:
    """The files of one data directory, cleaned of one person."""

    settings: Settings
    declared: Declared
    person: Person
    replaced: _Replacements
    words: Words
    cells: Words
    known_companies: set[str]
    receipt: Receipt

    def throw_away(self) -> None:
        """Remove what can be made again."""
        for pattern in THROWN_AWAY:
            for path in self.settings.data_dir.glob(pattern):
                if not self.is_own(path):
                    shutil.rmtree(path, ignore_errors=True)
                    self.receipt.files_removed.append(self._name(path) + "/")

    def rewrite_warehouse(self) -> None:
        """Clean the raw tables; all others go, since the next refresh builds them from these."""
        path = self.settings.warehouse

        def change(connection: duckdb.DuckDBPyConnection) -> bool:
            _remember(connection, self.person)
            database = connection.execute("select current_database()").fetchall()[0][0]
            columns = _columns(connection, database)
            personal = _personal(self.declared, columns)
            for key in columns:
                if key[0].startswith(RAW_PREFIX):
                    self._clean_raw(connection, database, key, columns[key], personal.get(key))
            for (schema,) in connection.execute(
                "select distinct schema_name from duckdb_schemas() where database_name = ? and not internal", [database]
            ).fetchall():
                if not schema.startswith(RAW_PREFIX) and schema != "main":
                    connection.execute(f"drop schema {identifier(schema)} cascade")
            return True

        with duckdb.connect(str(path)) as connection:
            connection.execute("checkpoint")  # what the write-ahead log holds is to be cleaned, too
        self._rewrite(path, change)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)

    def rewrite_landed(self, path: Path) -> None:
        """Clean what a load has landed of one raw table."""
        source = path.relative_to(self.settings.data_dir / "raw").parts[0]
        key = (raw_dataset(source), path.name.removesuffix(TABLE_FILE))
        with duckdb.connect(config=self._config()) as connection:
            _remember(connection, self.person)
            connection.execute(
                f"create schema {key[0]}; create table {key[0]}.{key[1]} as from read_parquet({literal(path)})"
            )
            columns = _columns(connection, "memory")[key]
            personal = _personal(self.declared, {key: columns}).get(key)
            if not self._clean_raw(connection, "memory", key, columns, personal, f"raw/{source}/{path.name}"):
                return
            draft = path.with_name(path.name + DRAFT)
            connection.execute(f"copy {key[0]}.{key[1]} to {literal(draft)} (format parquet, row_group_size 20000)")
        _swap(draft, path)
        self.receipt.files_rewritten.append(self._name(path))

    def rewrite_derived(self, path: Path) -> None:
        """Clean a database that was made from the warehouse: numbers stay, ids give way, lists lose the person."""

        def change(connection: duckdb.DuckDBPyConnection) -> bool:
            _remember(connection, self.person)
            database = connection.execute("select current_database()").fetchall()[0][0]
            columns = _columns(connection, database)
            found = 0
            renamed = self._renamed_ids(connection, database, columns)
            for key, own in columns.items():
                found += self._clean_derived(connection, database, key, own, renamed, f"serving/{key[1]}")
            return found > 0

        self._rewrite(path, change)

    def rewrite_other_files(self) -> None:
        """Clean logs, notes and Dagster's storage; what cannot be cleaned goes."""
        for path, _ in list(bytes_of(self.settings.data_dir)):
            if self.is_own(path) or path.suffix in (DATABASE, TABLE_FILE) or not holds(path, self.words):
                continue
            with path.open("rb") as file:
                is_sqlite = file.read(len(SQLITE)) == SQLITE
            if is_sqlite:
                _clean_sqlite(path, self.words)
            elif not _clean_text(path, self.words):
                path.unlink()
                self.receipt.files_removed.append(self._name(path))
                continue
            self.receipt.files_rewritten.append(self._name(path))

    def search(self) -> None:
        """Look for the person in every byte that is left, and in the user's own files wherever they lie."""
        folders = [self.settings.data_dir, *(folder for folder in own_folders(self.settings) if folder.is_dir())]
        searched: set[Path] = set()
        for path, size in (found for folder in folders for found in bytes_of(folder)):
            if path in searched:
                continue
            searched.add(path)
            self.receipt.bytes_searched += size
            if holds(path, self.words):
                found = self.receipt.own_files_that_hold_it if self.is_own(path) else self.receipt.still_found_in
                found.append(self._name(path))

    def is_own(self, path: Path) -> bool:
        """Whether a file is the user's, who alone may change it."""
        return any(path.is_relative_to(folder) for folder in own_folders(self.settings))

    def _clean_raw(
        self,
        connection: duckdb.DuckDBPyConnection,
        database: str,
        key: tuple[str, str],
        columns: Mapping[str, str],
        personal: Personal | None,
        where: str | None = None,
    ) -> int:
        """Clean one raw table, or what a load landed of it; return how many rows changed."""
        table, count = _qualified(database, key), 0
        if key[1] == "quarantine":
            personal = _refused(self.declared, key[0])
        if personal:
            changes = {name: self._cell(name, kind, personal) for name, kind in columns.items()}
            changes = {name: expression for name, expression in changes.items() if expression}
            sets = ", ".join(f"{identifier(name)} = {expression}" for name, expression in changes.items())
            matches = _matches(key, personal, columns)
            if key[1] == "quarantine":
                matches = f"({matches} or {self._mentions('given')})"
            count += _update(connection, f"update {table} set {sets} where {matches}")
        count += self._clean_cells(connection, table, columns)
        self.receipt.count(where or ".".join(key), count)
        return count

    def _cell(self, name: str, kind: str, personal: Personal) -> str | None:
        """What becomes of a cell of the person's rows; None where it stays."""
        cell = identifier(name)
        if name == "_row_hash":
            return literal(ERASED)
        if name.startswith("_"):
            return None
        if name in ("email_domain", "company", "company_name"):
            return f"case when lower(trim({cell})) in {_list(self.known_companies)} then {cell} end"
        if name in personal.emptied:
            return "null" if _is_text(kind) else None
        if name in personal.ids:
            replaced = _case(
                f"cast({cell} as varchar)", self.replaced.of_prefix(personal.ids[name]), f"cast({cell} as varchar)"
            )
            return f"case when {personal.only_where} then cast({replaced} as {kind}) else {cell} end"
        if name in personal.addresses:
            return _case(f"lower(trim({cell}))", self.replaced.addresses, "null")
        if name in personal.visitors:
            return _case(cell, self.replaced.visitors, cell)
        if name == "email_key":
            return _case(cell, self.replaced.keys, cell)
        if not _is_text(kind):
            return None
        if name not in personal.kept:
            return "null"
        says_who = f"regexp_matches({cell}, {literal(self.words.pattern)}, 'i')"
        if personal.history_of and name in ("value", "old_value", "new_value"):
            says_who += f" or regexp_matches({identifier(personal.history_of)}, {literal(PERSONAL_FIELDS)}, 'i')"
        return f"case when not coalesce({says_who}, false) then {cell} end"

    def _mentions(self, column: str) -> str:
        return f"coalesce(regexp_matches({identifier(column)}, {literal(self.words.pattern)}, 'i'), false)"

    def _clean_cells(self, connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> int:
        """Take the person's address, phone and long ids out of whatever other text mentions them."""
        texts = [name for name, kind in columns.items() if kind == "VARCHAR"]
        nested = [name for name, kind in columns.items() if kind != "VARCHAR" and ("VARCHAR" in kind or kind == "JSON")]
        if not texts and not nested:
            return 0
        pattern = literal(self.cells.pattern)
        sets = [
            f"{identifier(name)} = regexp_replace({identifier(name)}, {pattern}, {literal(ERASED)}, 'gi')"
            for name in texts
        ]
        sets += [
            f"{identifier(name)} = case when not regexp_matches(cast({identifier(name)} as varchar), {pattern}, 'i')"
            f" then {identifier(name)} end"
            for name in nested
        ]
        told = ", ".join(f"cast({identifier(name)} as varchar)" for name in (*texts, *nested))
        mentions = f"regexp_matches(concat_ws(chr(31), {told}), {pattern}, 'i')"
        [(count,)] = connection.execute(f"select count(*) from {table} where {mentions}").fetchall()
        return _update(connection, f"update {table} set {', '.join(sets)} where {mentions}") if count else 0

    def _renamed_ids(
        self, connection: duckdb.DuckDBPyConnection, database: str, columns: Mapping[tuple[str, str], Mapping[str, str]]
    ) -> dict[str, dict[str, str]]:
        """Per column of ids that are made with a person's id (of a conversion, say), what becomes of its values.

        A bare id such as `17` may be part of anything but in a row of that lead.
        """
        renamed: dict[str, dict[str, str]] = {}
        long = [value for value in self.replaced.ids if len(value) >= DISTINCTIVE_LENGTH]
        shape = re.compile(
            "(?<![0-9A-Za-z])("
            + "|".join(map(re.escape, sorted(self.replaced.ids, key=len, reverse=True)))
            + ")(?![0-9A-Za-z])"
        )
        for key, own in columns.items():
            lead = identifier("lead_id") if "lead_id" in own else "null"
            made = [
                name
                for name, kind in own.items()
                if kind == "VARCHAR" and re.search("_ids?$", name) and not _names_lead(name)
            ]
            for name in made:
                cell = identifier(name)
                mentions = f"regexp_matches({cell}, {literal(Words(long).pattern)})" if long else "false"
                select = f"""
                    select distinct {cell} from {_qualified(database, key)}
                    where {lead} in (select value from known where kind = '{ID}') or {mentions}
                """
                for (value,) in connection.execute(select).fetchall():
                    new = shape.sub(lambda found: self.replaced.ids[found[1]], value) if value else value
                    if new != value:
                        renamed.setdefault(name, {})[value] = new
        return renamed

    def _clean_derived(
        self,
        connection: duckdb.DuckDBPyConnection,
        database: str,
        key: tuple[str, str],
        columns: Mapping[str, str],
        renamed: Mapping[str, Mapping[str, str]],
        where: str,
    ) -> int:
        table, count = _qualified(database, key), 0
        leads = [name for name, kind in columns.items() if kind == "VARCHAR" and _names_lead(name)]
        if "lead_id" in leads:
            is_person = f"lead_id in (select value from known where kind = '{ID}')"
            if {"email", "phone", "full_name"} & set(columns):
                count += _update(connection, f"delete from {table} where {is_person}")
            told = ", ".join(f"{identifier(name)} = null" for name in columns if name in PERSONAL_COLUMNS)
            if told:
                count += _update(connection, f"update {table} set {told} where {is_person}")
        maps = dict.fromkeys(leads, self.replaced.ids) | {name: renamed[name] for name in columns if name in renamed}
        maps |= {"visitor_id": self.replaced.visitors} if "visitor_id" in columns else {}
        for name, values in maps.items():
            if values:
                cell = identifier(name)
                connection.execute("create or replace temp table renamed (old varchar, new varchar)")
                connection.executemany("insert into renamed values (?, ?)", [list(pair) for pair in values.items()])
                update = f"update {table} set {cell} = renamed.new from renamed where {cell} = renamed.old"
                count += _update(connection, update)
        count += self._clean_cells(connection, table, columns)
        self.receipt.count(where, count)
        return count

    def _rewrite(self, path: Path, change: Callable[[duckdb.DuckDBPyConnection], bool]) -> None:
        """Change a copy of a database and swap in what a fresh file holds of it: no freed block comes along."""
        scratch, draft = (path.with_name(path.name + suffix) for suffix in (f"{DRAFT}-copy", DRAFT))
        try:
            shutil.copyfile(path, scratch)
            scratch.chmod(0o600)
            with duckdb.connect(str(scratch), config=self._config()) as connection:
                if not change(connection):
                    return
            with duckdb.connect(config=self._config()) as connection:
                connection.execute(f"attach {literal(scratch)} as cleaned (read_only)")
                connection.execute(f"attach {literal(draft)} as fresh")
                connection.execute("copy from database cleaned to fresh")
            _swap(draft, path)
            self.receipt.files_rewritten.append(self._name(path))
        finally:
            for leftover in path.parent.glob(f"{path.name}{DRAFT}*"):
                leftover.unlink(missing_ok=True)
            shutil.rmtree(self.settings.data_dir / "spilled", ignore_errors=True)

    def _config(self) -> dict[str, str]:
        return {"memory_limit": MEMORY_LIMIT, "temp_directory": str(self.settings.data_dir / "spilled")}

    def _name(self, path: Path) -> str:
        base = self.settings.data_dir
        return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


def own_folders(settings: Settings) -> list[Path]:
    """The folders from which sources read: what lies there is the user's, and no erasure touches it."""
    named = [
        Path(folder).absolute()
        for variable, value in settings.environment.items()
        if re.fullmatch(r"FUNNELHOUSE_(FILES|SPREADSHEETS|WEB_EVENTS|GOOGLE_ANALYTICS_EXPORT)_DIR", variable)
        for folder in value.split(os.pathsep)
        if folder
    ]
    defaults = [settings.data_dir / name for name in ("inbox", "spreadsheets", "events")]
    return [folder.resolve() for folder in (*named, *defaults)] + [*named, *defaults]


@contextmanager
def _warehouse(settings: Settings) -> Iterable[duckdb.DuckDBPyConnection]:
    """A database in memory with the warehouse attached."""
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT}) as connection:
        if settings.warehouse.exists():
            connection.execute(f"attach {literal(settings.warehouse)} as warehouse (read_only)")
        yield connection


def _remember(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    """Write down by what rows are matched, for the queries that ask."""
    connection.execute("create or replace temp table known (kind varchar, value varchar)")
    known = [list(pair) for pair in person.known()]
    if known:
        connection.executemany("insert into known values (?, ?)", known)


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], dict[str, str]]:
    """The columns and types of each table of a database, by schema and name."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        """
        select columns.schema_name, columns.table_name, columns.column_name, columns.data_type
        from duckdb_columns() as columns
        semi join duckdb_tables() as tables
            on columns.database_name = tables.database_name
            and columns.schema_name = tables.schema_name
            and columns.table_name = tables.table_name
        where columns.database_name = ?
        order by columns.schema_name, columns.table_name, columns.column_index
        """,
        [database],
    ).fetchall():
        found.setdefault((schema, table), {})[column] = kind
    return found


def _personal(
    declared: Declared, columns: Mapping[tuple[str, str], Mapping[str, str]]
) -> dict[tuple[str, str], Personal]:
    """What each of these raw tables tells of people, by the columns that it has."""
    return {
        key: replace(
            personal,
            ids={name: prefix for name, prefix in personal.ids.items() if name in columns[key]},
            addresses=tuple(name for name in personal.addresses if name in columns[key]),
            visitors=tuple(name for name in personal.visitors if name in columns[key]),
        )
        for key, personal in declared.items()
        if key in columns
    }


def _refused(declared: Declared, dataset: str) -> Personal:
    """What refused rows of a source tell of people."""
    prefixes = {prefix for (schema, _), one in declared.items() if schema == dataset for prefix in one.ids.values()}
    ids = {"record_id": min(prefixes)} if prefixes else {}
    return Personal(ids=ids, emptied=("given", "reason"), kept=("entity", "file", "column_name", "record_id"))


def _matches(key: tuple[str, str], personal: Personal, columns: Mapping[str, str]) -> str:
    """The condition under which a row of a raw table is the person's."""

    def known(kind: str) -> str:
        return f"in (select value from known where kind = {literal(kind)})"

    tests = [
        f"(({personal.only_where}) and {literal(prefix)} || cast({identifier(name)} as varchar) {known(ID)})"
        for name, prefix in personal.ids.items()
    ]
    tests += [f"{normal_address_sql(identifier(name))} {known(ADDRESS)}" for name in personal.addresses]
    tests += [f"{identifier(name)} {known(VISITOR)}" for name in personal.visitors]
    tests += [f"email_key {known(KEY)}"] if "email_key" in columns else []
    tests += [f"cast({identifier(personal.of[2])} as varchar) {known('.'.join(key))}"] if personal.of else []
    return "(" + (" or ".join(f"coalesce({test}, false)" for test in tests) or "false") + ")"


def _names(columns: Mapping[str, str], personal: Personal) -> list[str]:
    """Expressions for the names that a table gives its people."""
    found = [identifier(name) for name in ("full_name", "name") if name in columns and name in personal.emptied]
    for first, last in (("firstname", "lastname"), ("first_name", "last_name")):
        if first in columns and last in columns:
            found.append(f"nullif(concat_ws(' ', nullif(trim({first}), ''), nullif(trim({last}), '')), '')")
    return found


def _long(person: Person) -> list[str]:
    """Ids that can be meant wherever they stand; without what the warehouse writes before them."""
    own = {value.split(":", 1)[-1] for value in person.ids | person.visitors}
    return [value for value in own if len(value) >= 15] + sorted(person.keys)


def _names_lead(column: str) -> bool:
    return column == "lead_id" or column.endswith("_lead_id")


def _is_text(kind: str) -> bool:
    return kind == "VARCHAR"


def _qualified(database: str, key: tuple[str, str]) -> str:
    return ".".join(identifiers([part]) for part in (database, *key))


def _case(cell: str, values: Mapping[str, str], otherwise: str) -> str:
    whens = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in sorted(values.items()))
    return f"case {cell} {whens} else {otherwise} end" if whens else otherwise


def _list(values: Collection[str]) -> str:
    return "(" + (", ".join(literal(value) for value in sorted(values)) or "''") + ")"


def _update(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    [(count,)] = connection.execute(statement).fetchall()
    return count


def _clean_sqlite(path: Path, words: Words) -> None:
    """Replace the words in every text of a SQLite file, and leave no freed page with them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.create_function(
            "cleaned", 1, lambda cell: words.text.sub(ERASED, cell) if isinstance(cell, str) else cell
        )
        connection.execute("pragma secure_delete = on")
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            names = [row[1] for row in connection.execute(f"pragma table_info({identifier(table)})").fetchall()]
            for name in names:
                cell = identifier(name)
                connection.execute(
                    f"update {identifier(table)} set {cell} = cleaned({cell}) where cleaned({cell}) != {cell}"
                )
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")


def _clean_text(path: Path, words: Words) -> bool:
    """Replace the words in a text file; False where it is none."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return False
    if not words.text.search(text):
        return False
    draft = path.with_name(path.name + DRAFT)
    draft.write_bytes(words.text.sub(ERASED, text).encode())
    _swap(draft, path)
    return True


def _swap(draft: Path, path: Path) -> None:
    """Put a finished file in the place of another, with its permissions, in one step."""
    draft.chmod(path.stat().st_mode & 0o777)
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)


def _sweep_drafts(settings: Settings) -> None:
    """Remove what an erasure left that was killed."""
    for path in settings.data_dir.rglob(f"*{DRAFT}*"):
        path.unlink(missing_ok=True)


def _write(settings: Settings, receipt: Receipt, now: datetime) -> None:
    folder = settings.data_dir / "erasures"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(receipt.__dict__, indent=1, ensure_ascii=False), encoding="utf-8")
    path.chmod(0o600)

"""Forget a person: what says who it was goes from all that Funnelhouse keeps; what happened stays, anonymous.

A person is whoever the warehouse takes for one: the records that share an address or were merged, in all sources. In
raw tables their rows stay in all versions, without name, address, phone, title or free text, and their ids give way to
keyed hashes: so every count, credit and amount stays, and no later word of a source changes them. Files are written
anew and swapped, since deleted bytes survive inside a database; what can be made again is thrown away.

The order makes it safe to be killed: who is erased is suppressed first, and the warehouse, by which they are found, is
swapped last, when the receipt is written. Until then the command finds the same person again and does the same, and so
does the next refresh: whoever is suppressed and still in the raw tables was not erased to the end.
"""

import contextlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion import playbook
from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.landing import require_known_key
from ingestion.person import (
    Declared,
    Person,
    RawPeople,
    declared_in,
    is_text,
    matches,
    qualified,
    remember,
)
from ingestion.personal import (
    ERASED_DOMAIN,
    PERSONAL_COLUMNS,
    PERSONAL_FIELDS,
    Personal,
    keyed,
    normal_address,
    people_in,
    requests_of,
    vanished_from,
)
from ingestion.searching import TABLE_FILE, Words, bytes_of, holds, is_database, is_sqlite
from ingestion.sources import RAW_PREFIX, known_sources, raw_dataset
from ingestion.sql import MEMORY_LIMIT, columns_of, identifier, literal
from ingestion.suppression import ADDRESS, ID, RECEIPTS, VISITOR, suppress, suppressed, suppressed_since
from ingestion.versions import ERASED

ADDRESS_SHAPE = r"""[^@\s:;,<>()"]+@[^@\s:;,<>()"]+\.[^@\s:;,<>()"]+"""
DRAFT = ".erasing"
# What can be made again, or is left of work that was broken off.
THROWN_AWAY = (
    *("dlt", "dev", "replay", "restatement", "restoring", "spilled", "dbt/*/", "serving/**/*.unfinished*"),
    *("raw/*/unfinished", "raw/*/work", "raw/*/spilled", "raw/*/*/*.typed.parquet"),
)
# Nobody can look into these, or clean them.
OPAQUE = (".pdf",)
# Ids as long as these are nobody else's, wherever they stand.
DISTINCTIVE_LENGTH = 8
LEAST_FIXED_LENGTH = 18
# So long is what a part of a name is known by.
LEAST_LETTERS = 3
# Where ids are numbers, those above this one are nobody's.
BEYOND_IDS = 10**15

Say = Callable[[str], None]


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
        given = " ".join(address.split())
        raise Fault(f"EMAIL: '{given}' is not an e-mail address; say for example make erase EMAIL=anna@example.com")
    if not settings.warehouse.exists():
        raise Fault(f"There is no {settings.warehouse} yet, so nobody is known.")
    settings.hash_secret(is_in_use=True)
    require_known_key(settings, known_sources())
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
        tables = columns_of(connection, "warehouse").keys()
        named = set(re.findall(r"{raw}\.(\w+)", request))
        if all((raw_dataset(source), table) in tables for table in named):
            select = request.format(raw=f"warehouse.{raw_dataset(source)}")
            for (value,) in connection.execute(select).fetchall():
                (asked.addresses if re.fullmatch(ADDRESS_SHAPE, value) else asked.ids).add(value)
            if asked.ids and _is_lost_sight_of(connection, settings, source, len(asked.ids), say):
                return None
    asked.addresses = {normal_address(address) for address in asked.addresses}
    return _erase(settings, asked, source, say) if asked.ids or asked.addresses else None


def finish(settings: Settings, say: Say) -> Receipt | None:
    """Erase those whose erasure was broken off; None where none was. The caller holds `refresh.lock`.

    Before a load: their rows would be missing in what a source gives, and taken for deleted.
    """
    if not settings.warehouse.exists() or not suppressed(settings.data_dir):
        return None
    secret = settings.hash_secret(is_in_use=True)
    with _warehouse(settings) as connection:
        person = RawPeople(connection, people_in(settings)).suppressed(secret, settings.data_dir)
    if not person.ids and not person.addresses:
        return None
    say("An erasure was broken off; finishing it first …")
    return _erase(settings, person, "an erasure that was broken off", say)  # by whomever that was asked for


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
    secret, listed = settings.hash_secret(), suppressed(settings.data_dir)
    asked_for = [keyed(secret, ADDRESS, value) for value in asked.addresses]
    asked_for += [keyed(secret, ID, value) for value in asked.ids]
    # One that was broken off keeps its moment, and so the name of its receipt.
    began = min((listed[key] for key in asked_for if key in listed), default=_clock())
    receipt = Receipt(asked_by, f"{began.isoformat()}Z", sorted(asked_for))
    _sweep_drafts(settings)
    declared = people_in(settings)
    with _warehouse(settings) as connection:
        tables = RawPeople(connection, declared)
        person = tables.find(asked)
        if person is None:
            return None
        replaced = _Replacements(person, secret, tables.numeric_prefixes)
        shared, embedded = tables.called_like(person)
        known_companies = tables.companies(person)
    say(f"Erasing {len(person.ids | person.keys):,} ids of {len(person.addresses):,} addresses …")
    listed = [(ADDRESS, value) for value in person.addresses] + [(VISITOR, value) for value in person.visitors]
    suppress(settings.data_dir, secret, [*listed, *((ID, value) for value in person.called | person.keys)], began)
    addresses, phones, names = (
        [word for word in found if word.lower() not in shared]
        for found in (person.spelled | person.addresses, person.phones, person.names)
    )
    full = [name for name in names if _is_full(name) and name.lower() not in embedded]
    words = Words([*addresses, *_turned(names)], embedded, phones)
    cells = Words([*addresses, *_turned(full), *_long(person)], phones=phones)
    parts = Words(part for name in person.names for part in name.split() if len(part) >= LEAST_LETTERS)
    work = _Work(settings, declared, person, replaced, words, parts, cells, known_companies, receipt)
    work.throw_away()
    for path, _ in list(bytes_of(settings.data_dir)):
        if is_database(path) and path != settings.warehouse and not work.is_own(path):
            work.rewrite_derived(path)
    for path in sorted((settings.data_dir / "raw").rglob(f"*{TABLE_FILE}")):
        work.rewrite_landed(path)
    work.rewrite_other_files()
    work.rewrite_warehouse(began)
    return receipt


class _Replacements:
    """What stands for the person from now on: keyed hashes, so that rows which belonged together still do."""

    def __init__(self, person: Person, secret: bytes, numeric_prefixes: Collection[str]) -> None:
        self.keys = {key: keyed(secret, "erased", key) for key in person.keys}
        self.visitors = {value: f"{ERASED}-{keyed(secret, 'erased', value)[:16]}" for value in person.visitors}
        self.addresses = {
            value: f"{ERASED}-{keyed(secret, 'erased', value)[:16]}@{ERASED_DOMAIN}" for value in person.spelled
        }
        self.ids = dict(self.keys)
        for value in person.called:
            prefix = value[: value.find(":") + 1]
            own, hashed = value.removeprefix(prefix), keyed(secret, "erased", value)
            number = BEYOND_IDS + int(hashed[:12], 16)
            # Ids that are all of one length, as Salesforce's are, keep it.
            length = len(own) if len(own) >= LEAST_FIXED_LENGTH else len(f"{ERASED}-") + 16
            stands_for = str(number) if prefix in numeric_prefixes else f"{ERASED}-{hashed}"[:length]
            self.ids[value] = prefix + self.keys.get(own, stands_for)

    def long_ids(self) -> dict[str, str]:
        """Ids without what the warehouse writes before them, where they are long enough to be nobody else's."""
        pairs = ((old.rpartition(":")[2], new.rpartition(":")[2]) for old, new in self.ids.items())
        return {old: new for old, new in pairs if len(old) >= DISTINCTIVE_LENGTH}

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
    parts: Words
    cells: Words
    known_companies: set[str]
    receipt: Receipt

    def throw_away(self) -> None:
        """Remove what can be made again."""
        for pattern in THROWN_AWAY:
            for path in self.settings.data_dir.glob(pattern):
                if self.is_own(path):
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
                self.receipt.files_removed.append(self._name(path))

    def rewrite_warehouse(self, began: datetime) -> None:
        """Clean the raw tables; all others go, since the next refresh builds them from these. Before the person can be
        found no more, the search is done and its receipt written.
        """
        path = self.settings.warehouse

        def change(connection: duckdb.DuckDBPyConnection) -> bool:
            remember(connection, self.person)
            database = connection.execute("select current_database()").fetchall()[0][0]
            columns = columns_of(connection, database)
            personal = declared_in(self.declared, columns)
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
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)

        def attest() -> None:
            self.search()
            _write(self.settings, self.receipt, began)

        self._rewrite(path, change, attest)

    def rewrite_landed(self, path: Path) -> None:
        """Clean what a load has landed of one raw table."""
        source = path.relative_to(self.settings.data_dir / "raw").parts[0]
        key = (raw_dataset(source), path.name.removesuffix(TABLE_FILE))
        with duckdb.connect(config=self._config()) as connection:
            remember(connection, self.person)
            try:
                connection.execute(
                    f"create schema {key[0]}; create table {key[0]}.{key[1]} as from read_parquet({literal(path)})"
                )
            except duckdb.Error as error:
                raise Fault(
                    f"{path} is damaged, so nobody can tell whom it names. Remove it, or put it back from a backup, "
                    "and erase again: the person is suppressed, but still in the warehouse."
                ) from error
            columns = columns_of(connection, "memory")[key]
            personal = declared_in(self.declared, {key: columns}).get(key)
            if not self._clean_raw(connection, "memory", key, columns, personal, f"raw/{source}/{path.name}"):
                return
            draft = path.with_name(path.name + DRAFT)
            connection.execute(f"copy {key[0]}.{key[1]} to {literal(draft)} (format parquet, row_group_size 20000)")
        _swap(draft, path)
        self.receipt.files_rewritten.append(self._name(path))

    def rewrite_derived(self, path: Path) -> None:
        """Clean a database that was made from the warehouse: numbers stay, ids give way, lists lose the person."""

        def change(connection: duckdb.DuckDBPyConnection) -> bool:
            remember(connection, self.person)
            database = connection.execute("select current_database()").fetchall()[0][0]
            columns = columns_of(connection, database)
            found = 0
            renamed = self._renamed_ids(connection, database, columns)
            for key, own in columns.items():
                found += self._clean_derived(connection, database, key, own, renamed, f"serving/{key[1]}")
            return found > 0

        try:
            self._rewrite(path, change)
        except duckdb.Error:  # damaged: nobody can clean it, and it can be made again
            path.unlink(missing_ok=True)
            self.receipt.files_removed.append(self._name(path))

    def rewrite_other_files(self) -> None:
        """Clean logs, notes and Dagster's storage; what cannot be cleaned goes.

        They are no data: a longer word that the person's is part of, such as a file's name, need not stay whole.
        """
        words = self.words.within()
        for path, _ in list(bytes_of(self.settings.data_dir)):
            is_others = self.is_own(path) or is_database(path) or path.suffix == TABLE_FILE
            is_opaque = path.suffix in OPAQUE or words.text.search(path.name)
            if is_others or not (is_opaque or holds(path, words)):
                continue
            if not is_opaque and (_clean_sqlite if is_sqlite(path) else _clean_text)(path, words):
                self.receipt.files_rewritten.append(self._name(path))
            else:
                path.unlink()
                self.receipt.files_removed.append(self._name(path))

    def search(self) -> None:
        """Look for the person in every byte that is left, and in the user's own files wherever they lie.

        The warehouse is its draft by now.
        """
        folders = [self.settings.data_dir, *(folder for folder in own_folders(self.settings) if folder.is_dir())]
        searched = {self.settings.warehouse}
        for path, size in (found for folder in folders for found in bytes_of(folder)):
            if path in searched:
                continue
            searched.add(path)
            self.receipt.bytes_searched += size
            if holds(path, self.words):
                found = self.receipt.own_files_that_hold_it if self.is_own(path) else self.receipt.still_found_in
                found.append(self._name(path).removesuffix(DRAFT))

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
        table, count = qualified(database, key), 0
        is_quarantine = key[1] == "quarantine"
        if is_quarantine:
            personal = _refused(self.declared, key[0])
        if personal:
            changes = {name: self._cell(name, kind, personal) for name, kind in columns.items()}
            if is_quarantine:  # nobody can mend the row any more
                changes |= {"reason": literal(ERASED), "_is_deleted": "true"}
            changes = {name: expression for name, expression in changes.items() if expression}
            sets = ", ".join(f"{identifier(name)} = {expression}" for name, expression in changes.items())
            is_theirs = matches(key, personal, columns)
            if is_quarantine:
                is_theirs = f"({is_theirs} or {self._mentions('given')})"
            else:
                self._take_out_parts(connection, table, columns, is_theirs)
            count += _update(connection, f"update {table} set {sets} where {is_theirs}")
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
            return "null" if is_text(kind) else None
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
        if not is_text(kind):
            return None
        if name not in personal.kept:
            return "null"
        says_who = f"regexp_matches({cell}, {literal(self.words.pattern)}, 'i')"
        if personal.history_of and name in ("value", "old_value", "new_value"):
            says_who += f" or regexp_matches({identifier(personal.history_of)}, {literal(PERSONAL_FIELDS)}, 'i')"
        return f"case when not coalesce({says_who}, false) then {cell} end"

    def _take_out_parts(
        self, connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], is_theirs: str
    ) -> None:
        """Take the parts of the name out of the person's own texts, but for what others' rows say, too: that says what
        something is, not who.
        """
        texts = [name for name, kind in columns.items() if kind == "VARCHAR" and not re.search("^_|_(id|key)$", name)]
        if not texts or not self.parts.words:
            return
        pattern = literal(self.parts.pattern)
        tests = ", ".join(f"bool_or(regexp_matches({identifier(name)}, {pattern}, 'i'))" for name in texts)
        [found] = connection.execute(f"select {tests} from {table} where {is_theirs}").fetchall()
        for name in (name for name, is_found in zip(texts, found, strict=True) if is_found):
            cell = identifier(name)
            others = f"select {cell} from {table} where not coalesce({is_theirs}, false) and {cell} is not null"
            update = f"update {table} set {cell} = {self.parts.replaced(cell, ERASED)}"
            connection.execute(f"{update} where {is_theirs} and {cell} not in ({others})")

    def _mentions(self, column: str) -> str:
        return f"coalesce(regexp_matches({identifier(column)}, {literal(self.words.pattern)}, 'i'), false)"

    def _clean_cells(self, connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> int:
        """Take the person's address, phone and long ids out of whatever other text mentions them."""
        texts = [name for name, kind in columns.items() if kind == "VARCHAR"]
        nested = [name for name, kind in columns.items() if kind != "VARCHAR" and ("VARCHAR" in kind or kind == "JSON")]
        if not texts and not nested:
            return 0
        pattern = literal(self.cells.pattern)
        words = dict.fromkeys(texts, self.cells)
        if "file" in texts:  # whose name may be made with an address
            words["file"] = self.cells.within()
        sets = [f"{identifier(name)} = {words[name].replaced(identifier(name), ERASED)}" for name in texts]
        sets += [
            f"{identifier(name)} = case when not regexp_matches(cast({identifier(name)} as varchar), {pattern}, 'i')"
            f" then {identifier(name)} end"
            for name in nested
        ]
        told = ", ".join(f"cast({identifier(name)} as varchar)" for name in (*texts, *nested))
        mentions = f"regexp_matches(concat_ws(chr(31), {told}), {pattern}, 'i')"
        if "file" in texts:
            mentions += f" or regexp_matches(file, {literal(words['file'].pattern)}, 'i')"
        [(count,)] = connection.execute(f"select count(*) from {table} where {mentions}").fetchall()
        return _update(connection, f"update {table} set {', '.join(sets)} where {mentions}") if count else 0

    def _renamed_ids(
        self, connection: duckdb.DuckDBPyConnection, database: str, columns: Mapping[tuple[str, str], Mapping[str, str]]
    ) -> dict[str, dict[str, str]]:
        """Per column of ids that are made with a person's id (of a conversion, say), what becomes of its values.

        A bare id such as `17` may be part of anything but in a row of that lead.
        """
        renamed: dict[str, dict[str, str]] = {}
        replaced = self.replaced.ids | self.replaced.long_ids()
        if not replaced:
            return renamed
        long = [value for value in self.replaced.ids if len(value) >= DISTINCTIVE_LENGTH]
        shape = re.compile(
            "(?<![0-9A-Za-z])(" + "|".join(map(re.escape, sorted(replaced, key=len, reverse=True))) + ")(?![0-9A-Za-z])"
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
                    select distinct {cell} from {qualified(database, key)}
                    where {lead} in (select value from known where kind = '{ID}') or {mentions}
                """
                for (value,) in connection.execute(select).fetchall():
                    new = shape.sub(lambda found: replaced[found[1]], value) if value else value
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
        table, count = qualified(database, key), 0
        leads = [name for name, kind in columns.items() if kind == "VARCHAR" and _names_lead(name)]
        if "lead_id" in leads:
            is_person = f"lead_id in (select value from known where kind = '{ID}')"
            if {"email", "phone", "full_name"} & set(columns):
                count += _update(connection, f"delete from {table} where {is_person}")
            told = ", ".join(f"{identifier(name)} = null" for name in columns if name in PERSONAL_COLUMNS)
            if told:
                count += _update(connection, f"update {table} set {told} where {is_person}")
            self._take_out_parts(connection, table, columns, is_person)
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

    def _rewrite(
        self,
        path: Path,
        change: Callable[[duckdb.DuckDBPyConnection], bool],
        attest: Callable[[], None] = lambda: None,
    ) -> None:
        """Change a copy of a database and swap in what a fresh file holds of it: no freed block comes along.

        `attest` is called when all but the swap is done.
        """
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
            scratch.unlink()
            self.receipt.files_rewritten.append(self._name(path))
            attest()
            _swap(draft, path)
        finally:
            for leftover in path.parent.glob(f"{path.name}{DRAFT}*"):
                leftover.unlink(missing_ok=True)
            shutil.rmtree(self.settings.data_dir / "spilled", ignore_errors=True)

    def _config(self) -> dict[str, str]:
        return {"memory_limit": MEMORY_LIMIT, "temp_directory": str(self.settings.data_dir / "spilled")}

    def _name(self, path: Path) -> str:
        """Where a file lies, without the person's name in its own."""
        base = self.settings.data_dir
        name = path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
        return self.words.within().text.sub(ERASED, name)


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


def _refused(declared: Declared, dataset: str) -> Personal:
    """What refused rows of a source tell of people."""
    prefixes = {prefix for (schema, _), one in declared.items() if schema == dataset for prefix in one.ids.values()}
    ids = {"record_id": min(prefixes)} if prefixes else {}
    return Personal(ids=ids, emptied=("given",), kept=("entity", "file", "column_name"))


def _long(person: Person) -> list[str]:
    """Ids that can be meant wherever they stand; without what the warehouse writes before them."""
    own = {value.split(":", 1)[-1] for value in person.ids | person.visitors}
    return [value for value in own if len(value) >= 15] + sorted(person.keys)


def _is_full(name: str) -> bool:
    """Whether a name is of more than one word, and so long that nothing else is called so."""
    return len(name.split()) > 1 and len(name) >= DISTINCTIVE_LENGTH


def _turned(names: Iterable[str]) -> list[str]:
    """Names as they are given, and with the last word first, as lists have them."""
    turned = [name.rpartition(" ") for name in names if len(name.split()) > 1]
    return [*names, *(f"{last}{between}{first}" for first, _, last in turned for between in (" ", ", "))]


def _names_lead(column: str) -> bool:
    return column == "lead_id" or column.endswith("_lead_id")


def _case(cell: str, values: Mapping[str, str], otherwise: str) -> str:
    whens = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in sorted(values.items()))
    return f"case {cell} {whens} else {otherwise} end" if whens else otherwise


def _list(values: Collection[str]) -> str:
    return "(" + (", ".join(literal(value) for value in sorted(values)) or "''") + ")"


def _update(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    [(count,)] = connection.execute(statement).fetchall()
    return count


def _clean_sqlite(path: Path, words: Words) -> bool:
    """Replace the words in every text of a SQLite file, and leave no freed page with them.

    A refresh that runs has its own log open, which waits for no more than some seconds; the search tells what is left.
    """

    def cleaned(cell: object) -> object:
        return words.text.sub(ERASED, cell) if isinstance(cell, str) and words.are_in_text(cell) else cell

    with (
        closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as connection,
        contextlib.suppress(sqlite3.OperationalError),
    ):
        connection.create_function("cleaned", 1, cleaned)
        connection.execute("pragma secure_delete = on")
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            for _, name, *_ in connection.execute(f"pragma table_info({identifier(table)})").fetchall():
                cell = identifier(name)
                connection.execute(
                    f"update {identifier(table)} set {cell} = cleaned({cell}) where cleaned({cell}) != {cell}"
                )
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")
    return True


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


def _write(settings: Settings, receipt: Receipt, began: datetime) -> None:
    folder = settings.data_dir / RECEIPTS
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{began:%Y%m%dT%H%M%SZ}.json"
    draft = path.with_name(path.name + DRAFT)
    draft.write_text(json.dumps(receipt.__dict__, indent=1, ensure_ascii=False), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)


def _clock() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)

"""Who somebody is in the raw tables: all that a person is known by, and which rows are theirs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from ingestion.personal import ERASED_DOMAIN, Personal, normal_address_sql
from ingestion.searching import LEAST_DIGITS, phone_pattern
from ingestion.sources import RAW_PREFIX, known_sources
from ingestion.sql import columns_of, identifier, identifiers, literal
from ingestion.suppression import ADDRESS, FILE, ID, VISITOR, is_listed

KEY = "key"
DOMAINS = ("domain", "website", "email_domain")
NAMES_OF_COMPANIES = {"accounts": ("account_name", "name"), "companies": ("name",)}
# Who works here, whom nobody erases.
STAFF = {table: Personal(emptied=("name", "user_name")) for table in ("users", "owners")}

Key = tuple[str, str]
Declared = Mapping[Key, Personal]


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

    @property
    def called(self) -> set[str]:
        """All ids under which the warehouse may have the person: who has none is called by the key of the address."""
        return self.ids | {f"{source}:{key}" for source in known_sources() for key in self.keys}

    def known(self) -> list[tuple[str, str]]:
        """Kinds and values as rows are matched by them; a key may also stand where an id does."""
        kinds = ((ID, self.called | self.keys), (ADDRESS, self.addresses), (KEY, self.keys), (VISITOR, self.visitors))
        return [(kind, value) for kind, values in (*kinds, *self.rows.items()) for value in values]


class RawPeople:
    """The raw tables of a warehouse that tell of people."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, declared: Declared) -> None:
        self.connection = connection
        self.columns = columns_of(connection, "warehouse")
        self.personal = declared_in(declared, self.columns)

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

    def suppressed(self, secret: bytes, data_dir: Path) -> Person:
        """Addresses and ids that are on the list of those who were erased, though rows still tell of them."""
        person, path = Person(), data_dir / FILE
        for key, personal in self.personal.items():
            told = [
                (person.ids, ID, f"{literal(prefix)} || cast({identifier(name)} as varchar)", personal.only_where)
                for name, prefix in personal.ids.items()
            ]
            told += [
                (person.addresses, ADDRESS, normal_address_sql(identifier(name)), "true") for name in personal.addresses
            ]
            for known, kind, value, where in told:
                select = f"""
                    select value
                    from (select distinct {value} as value from {qualified("warehouse", key)} where {where})
                    where {is_listed(kind, "value", secret, path)}
                """
                known |= {found for (found,) in self.connection.execute(select).fetchall()}
        return person

    def called_like(self, person: Person) -> tuple[set[str], set[str]]:
        """Which of the person's words (names, phones, addresses) somebody else is called, too; and which are part of
        what somebody else is called, as `anna@…` is of `joanna@…`. In lower case.
        """
        self._remember(person)
        words = sorted({word.lower() for word in (*person.names, *person.phones, *person.spelled, *person.addresses)})
        shared: set[str] = set()
        embedded: set[str] = set()
        for key, columns in self.columns.items():
            personal = self.personal.get(key)
            if not key[0].startswith(RAW_PREFIX) or key[1] == "quarantine":
                continue
            others = f"not {self._matches(key, personal)}" if personal else "true"
            named = personal or STAFF.get(key[1])
            called = _names(columns, named) + list(named.addresses) if named else []
            table = f"{qualified('warehouse', key)} where {others}"
            for expression in (*called, *_phones(columns)):
                select = f"""
                    select distinct word, lower(trim({expression})) = word
                    from (select unnest(?::varchar[]) as word) cross join (select * from {table})
                    where contains(lower({expression}), word)
                """
                for word, is_all in self.connection.execute(select, [words]).fetchall():
                    (shared if is_all else embedded).add(word)
            for phone in person.phones if _phones(columns) else ():
                is_same = " or ".join(f"regexp_full_match(trim({name}), $number)" for name in _phones(columns))
                same = f"select 1 from {table} and coalesce({is_same}, false) limit 1"
                if self.connection.execute(same, {"number": phone_pattern(phone)}).fetchall():
                    shared.add(phone.lower())
        return shared, embedded

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
                select = f"select distinct {bare} from {qualified('warehouse', key)} where {others}"
                found |= {text for (text,) in self.connection.execute(select).fetchall() if text}
        return found

    def _remember(self, person: Person) -> None:
        remember(self.connection, person)

    def _matches(self, key: tuple[str, str], personal: Personal) -> str:
        return matches(key, personal, self.columns[key])

    def _learn(self, person: Person, key: tuple[str, str], personal: Personal) -> int:
        """Add what the person's rows of a table say of them; return how many there are."""
        columns = self.columns[key]
        told = [(person.ids, f"{literal(prefix)} || {identifier(name)}") for name, prefix in personal.ids.items()]
        told += [(person.addresses, normal_address_sql(identifier(name))) for name in personal.addresses]
        told += [(person.spelled, f"lower(trim({identifier(name)}))") for name in personal.addresses]
        told += [(person.keys, "email_key")] if "email_key" in columns else []
        told += [(person.names, expression) for expression in _names(columns, personal)]
        told += [(person.phones, expression) for expression in _phones(columns)]
        if not told:
            return 0
        lists = ", ".join(f"list(distinct {expression})" for _, expression in told)
        select = f"select count(*), {lists} from {qualified('warehouse', key)} where {self._matches(key, personal)}"
        [(count, *found)] = self.connection.execute(select).fetchall()
        for (known, _), values in zip(told, found, strict=True):
            known |= {str(value).strip() for value in values or () if value is not None and str(value).strip()}
        person.addresses = {address for address in person.addresses if not address.endswith(f"@{ERASED_DOMAIN}")}
        person.phones = {phone for phone in person.phones if len(re.sub(r"\D", "", phone)) >= LEAST_DIGITS}
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
                        f"select distinct {identifier(visitor)} from {qualified('warehouse', key)} where {condition}"
                    )
                    known |= {value for (value,) in self.connection.execute(select).fetchall() if value}
        person.visitors = theirs - others

    def _learn_rows(self, person: Person) -> None:
        """Add the rows that are the person's by way of another table."""
        self._remember(person)
        for (schema, table), personal in self.personal.items():
            if personal.of and (schema, personal.of[0]) in self.personal:
                via = (schema, personal.of[0])
                select = f"select distinct {identifier(personal.of[1])} from {qualified('warehouse', via)} where "
                rows = self.connection.execute(select + self._matches(via, self.personal[via])).fetchall()
                person.rows[f"{schema}.{table}"] = {str(value) for (value,) in rows if value is not None}


def declared_in(
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


def remember(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    """Write down by what rows are matched, for the queries that ask."""
    connection.execute("create or replace temp table known (kind varchar, value varchar)")
    known = [list(pair) for pair in person.known()]
    if known:
        connection.executemany("insert into known values (?, ?)", known)


def matches(key: tuple[str, str], personal: Personal, columns: Mapping[str, str]) -> str:
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
    whole = {"full_name", "name", "user_name"} & set(columns) & set(personal.emptied)
    found = [identifier(name) for name in sorted(whole)]
    for first, last in (("firstname", "lastname"), ("first_name", "last_name")):
        if first in columns and last in columns:
            found.append(f"nullif(concat_ws(' ', nullif(trim({first}), ''), nullif(trim({last}), '')), '')")
    return found


def _phones(columns: Mapping[str, str]) -> list[str]:
    return [identifier(name) for name, kind in columns.items() if re.search("phone|mobile", name) and is_text(kind)]


def qualified(database: str, key: tuple[str, str]) -> str:
    return ".".join(identifiers([part]) for part in (database, *key))


def is_text(kind: str) -> bool:
    return kind == "VARCHAR"

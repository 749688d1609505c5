"""Spell names, values and statements in SQL, whatever characters they hold."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

# Of each database that is open; DuckDB writes to disk what does not fit.
MEMORY_LIMIT = "500MB"
# An e-mail wherever it stands in a text.
ADDRESS_PATTERN = r"[^\s@]+@[^\s@]+\.[^\s@]+"


def identifier(name: str, relation: str = "") -> str:
    """The name of a column, within a relation if one is named."""
    quoted = '"' + name.replace('"', '""') + '"'
    return f"{relation}.{quoted}" if relation else quoted


def identifiers(names: Iterable[str], relation: str = "") -> str:
    """Names of columns, separated by commas."""
    return ", ".join(identifier(name, relation) for name in names)


def copy_to_parquet(select: str, target: Path) -> str:
    """The statement that writes the rows of a select to a file, in groups small enough to hold little in memory."""
    return f"copy ({select}) to {literal(target)} (format parquet, row_group_size 20000)"


def literal(text: object) -> str:
    """A text, or a path."""
    return "'" + str(text).replace("'", "''") + "'"


def equal(names: Iterable[str], left: str, right: str) -> str:
    """The condition that two relations agree in these columns; null agrees with null."""
    return " and ".join(f"{identifier(name, left)} is not distinct from {identifier(name, right)}" for name in names)


def email_key(email: str, secret: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of the lower-cased e-mail in SQL, as hexadecimal text; null where it is no e-mail."""
    return f"case when {email} like '%_@_%' then {keyed_hash(f'lower({email})', secret)} end"


def id_without_address(value: str, secret: bytes) -> str:
    """An id in SQL: the hash of the lower-cased text where an e-mail stands in it, which is then its `email_key`."""
    return (
        f"case when {value} like '%@%' and regexp_matches({value}, {literal(ADDRESS_PATTERN)}) "
        f"then {keyed_hash(f'lower({value})', secret)} else {value} end"
    )


def keyed_hash(text: str, secret: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of a text in SQL, as hexadecimal text: without the key nobody can try out e-mails."""
    block = secret.ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
    return f"sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode({text}))))"


def columns_of(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], dict[str, str]]:
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

"""The published marts, filled by hand: for tests of the table macros."""

from pathlib import Path

import duckdb
import pandas as pd
from refreshing import compiled

# Made of other marts for a macro's sake: it follows from what a test writes into those.
DERIVED = "fct_first_arrivals"


class MartsByHand:
    """The marts as they are published, without a row but those that a test writes, and with all their table macros."""

    def __init__(self, warehouse: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        self.connection.execute("create schema marts")
        tables = self.connection.execute(
            """
            select table_name from information_schema.tables
            where table_catalog = 'warehouse' and table_schema = 'marts' and table_type = 'BASE TABLE'
            """
        ).fetchall()
        for (name,) in tables:
            if name != DERIVED:
                self.connection.execute(f"create table marts.{name} as from warehouse.marts.{name} limit 0")
        select = compiled(warehouse.parent, DERIVED).replace('"warehouse".', "")
        self.connection.execute(f"create view marts.{DERIVED} as {select}")
        views = self.connection.execute(
            """
            select sql from duckdb_views()
            where database_name = 'warehouse' and schema_name = 'marts'
            order by view_oid
            """
        ).fetchall()
        for (definition,) in views:
            self.connection.execute(definition)
        macros = self.connection.execute(
            """
            select comment from duckdb_functions()
            where database_name = 'warehouse' and schema_name = 'marts' and function_type = 'table_macro'
            order by function_name
            """
        ).fetchall()
        for (definition,) in macros:
            self.connection.execute(definition)
        self.fill("dim_stages", "from warehouse.marts.dim_stages")
        self.connection.execute("detach warehouse")

    def fill(self, table: str, select: str) -> None:
        """Write what a select gives; columns that it lacks are null."""
        self.connection.execute(f"insert into marts.{table} by name {select}")

    def ask(self, sql: str) -> list[tuple]:
        """The rows of a query."""
        return self.connection.execute(sql).fetchall()

    def frame(self, sql: str) -> pd.DataFrame:
        """The rows of a query as a frame."""
        return self.connection.execute(sql).df()

"""What tables must hold, read from the dbt properties that declare it.

The input contract (`models/unified/unified.yml`) and the playbook (`seeds/playbook/playbook.yml`) are said once, as dbt
columns and data tests; this module reads them so that rows can be checked on the way in, before anything is built.
"""

import re
from dataclasses import dataclass, field
from functools import cache

import yaml

from ingestion.config import DBT_DIR, DEFAULT_PLAYBOOK_DIR

# Outside these years a date is a typing mistake, and DuckDB's `infinity` is one too.
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199


@dataclass(frozen=True)
class Column:
    """One column: its type and the tests that a single value of it must pass."""

    name: str
    data_type: str
    description: str = ""
    is_input: bool = True
    tests: dict[str, dict] = field(default_factory=dict)

    @property
    def is_required(self) -> bool:
        return "not_null" in self.tests

    @property
    def accepted_values(self) -> list[str] | None:
        return self.tests.get("accepted_values", {}).get("values")


@dataclass(frozen=True)
class Table:
    """One table: its columns in order and the tests over several columns or rows."""

    name: str
    description: str
    columns: tuple[Column, ...]
    tests: tuple[tuple[str, dict], ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Unique within one source; `source` itself is not the source's to fill in."""
        columns = next(arguments["columns"] for test, arguments in self.tests if test == "unique_combination")
        return tuple(name for name in columns if name in self.column_names)

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@cache
def entities() -> dict[str, Table]:
    """The entities that a source may supply, with the columns that it may fill in."""
    declared = yaml.safe_load((DBT_DIR / "models" / "unified" / "unified.yml").read_text(encoding="utf-8"))["models"]
    metas = {model["name"]: model.get("config", {}).get("meta", {}) for model in declared}
    tables = {
        model["name"]: _table(model, input_only=True)
        for model in declared
        if metas[model["name"]].get("entity", True) and "input_to" not in metas[model["name"]]
    }
    for model in declared:
        target = tables.get(metas[model["name"]].get("input_to"))
        if target:
            extra = [c for c in _table(model, input_only=True).columns if c.name not in target.column_names]
            tables[target.name] = Table(target.name, target.description, (*target.columns, *extra), target.tests)
    return tables


@cache
def playbook_tables() -> dict[str, Table]:
    """The tables of the playbook."""
    declared = yaml.safe_load((DEFAULT_PLAYBOOK_DIR / "playbook.yml").read_text(encoding="utf-8"))["seeds"]
    return {seed["name"]: _table(seed) for seed in declared}


def referenced_table(reference: str) -> str:
    """The table that a test's `to: ref('…')` names."""
    return re.fullmatch(r"ref\('(\w+)'\)", reference).group(1)


def _table(declared: dict, input_only: bool = False) -> Table:
    seed_types = declared.get("config", {}).get("column_types", {})
    columns = [
        Column(
            name=column["name"],
            data_type=column.get("data_type") or seed_types[column["name"]],
            description=column.get("description", ""),
            is_input=column.get("config", {}).get("meta", {}).get("input", True),
            tests=dict(_test(test) for test in column.get("data_tests", [])),
        )
        for column in declared["columns"]
    ]
    return Table(
        name=declared["name"],
        description=declared["description"],
        columns=tuple(column for column in columns if column.is_input or not input_only),
        tests=tuple(_test(test) for test in declared.get("data_tests", [])),
    )


def _test(declared: str | dict) -> tuple[str, dict]:
    if isinstance(declared, str):
        return declared, {}
    [(name, properties)] = declared.items()
    return name, properties.get("arguments", {})

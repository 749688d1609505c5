"""A published company made large: the rows of a small one's serving file over and over, under new ids."""

import json
from pathlib import Path

import duckdb

from dagster_project.serving import ORDER, _copy_macros, _copy_views

# What tells rows apart that are somebody's; what tells campaigns, pieces of content or reps apart stays as it is.
NAMES = ("lead_id", "account_id", "opportunity_id", "touch_id", "activity_id", "conversion_id", "handoff_id")
NAMES_OF_SOMEBODY = (*NAMES, "primary_lead_id", "first_touch_lead_id", "visitor_id")
# The tables that number something, and their numbers wherever they stand. Shapes and stretches of journeys are shared.
NUMBERS = {"touch_order": "fct_touches", "conversion_order": "fct_conversions", "journey_order": "fct_journeys"}
# How long something took: in a large company hardly ever as long as before.
LENGTHS = (
    "duration_days",
    "age_days",
    "stage_age_days",
    "cycle_days",
    "response_hours",
    "response_business_hours",
    "hours_past_due",
)


def repeat(small_dir: Path, data_dir: Path, lead_count: int) -> Path:
    """Make a data directory with a published company repeated until it has so many leads; return its serving file.

    Each time all moments lie a second earlier and lengths differ by up to 5 %. What is counted by month stays as it is.
    """
    serving_file = (small_dir / "serving" / "current.duckdb").resolve()
    serving = data_dir / "serving"
    (serving / "contacts").mkdir(parents=True)
    target = serving / serving_file.name
    contacts = serving_file.parent / "contacts" / serving_file.name
    with duckdb.connect(str(serving_file), read_only=True) as connection:
        [(leads,)] = connection.execute("select count(*) from marts.dim_leads").fetchall()
    times = -(-lead_count // leads)
    for source, copy in ((serving_file, target), (contacts, serving / "contacts" / serving_file.name)):
        with duckdb.connect(str(copy)) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"attach '{source}' as small (read_only)")
            _repeat_tables(connection, times)
            if copy == target:
                _copy_definitions(connection, small_dir / "warehouse.duckdb")
            connection.execute("detach small")
            connection.execute("checkpoint")
    (serving / "current.duckdb").symlink_to(target.name)
    note = json.loads((serving_file.parent / "last_run.json").read_text())
    (serving / "last_run.json").write_text(json.dumps(note))
    return target


def _repeat_tables(connection: duckdb.DuckDBPyConnection, times: int) -> None:
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, data_type in connection.execute(
        """
        select schema_name, table_name, column_name, data_type
        from duckdb_columns() where database_name = 'small' and not internal
            and (schema_name, table_name) not in (select (schema_name, view_name) from duckdb_views())
        order by schema_name, table_name, column_index
        """
    ).fetchall():
        columns.setdefault((schema, table), {})[column] = data_type
    steps = {
        number: connection.execute(f"select coalesce(max({number}), 0) + 1 from small.marts.{table}").fetchall()[0][0]
        for number, table in NUMBERS.items()
        if ("marts", table) in columns
    }
    for (schema, table), types in columns.items():
        connection.execute(f"create schema if not exists {schema}")
        is_somebodys = any(name in NAMES_OF_SOMEBODY or name in steps for name in types)
        if not is_somebodys:
            connection.execute(f"create table {schema}.{table} as from small.{schema}.{table}").fetchall()
            continue
        order = f"order by {ORDER[table]}" if table in ORDER else ""
        changed = [f"{_changed(name, type_, steps)} as {name}" for name, type_ in types.items()]
        connection.execute(
            f"create table {schema}.{table} as select {', '.join(changed)} "
            f"from range({times}) as copies (copy), small.{schema}.{table} {order}"
        ).fetchall()


def _changed(column: str, data_type: str, steps: dict[str, int]) -> str:
    if column in NAMES_OF_SOMEBODY:
        return f"{column} || '-' || copy"
    if column in steps:
        return f"{column} + copy * {steps[column]}"
    if column == "list_rank":
        return f"row_number() over (order by {column}, copy)"
    if column in LENGTHS:
        return f"{column} * (0.95 + 0.1 * (hash({column}, copy) % 1000003) / 1000003.0)"
    if data_type == "TIMESTAMP":
        return f"{column} - to_seconds(copy)"
    return column


def _copy_definitions(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Views and table macros, as publishing makes them."""
    connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
    _copy_views(connection)
    _copy_macros(connection)
    connection.execute("detach warehouse")

"""The playbook: the defaults with a company's own files laid over them, refused before a build if anything is wrong."""

import csv
import math
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import duckdb

from ingestion import attribution_rules, calendars, kpi_rules, score_rules
from ingestion.config import DEFAULT_PLAYBOOK_DIR, Settings
from ingestion.contract import Column, Table, playbook_tables, referenced_table
from ingestion.delimited import read_delimited
from ingestion.faults import Fault

# How sources that are connected word what we have words for.
MAPPINGS = {"stage_mappings", "field_mappings", "activity_mappings", "conversion_actions"}
# What is made from the playbook and seeded with it.
BUSINESS_DAYS = "business_days"
# How the names of settings end whose values are whole numbers.
COUNTED_UNITS = ("_days", "_months", "_minutes", "_count")
BOOLEANS = {"true", "false"}
FURTHEST_DATE = "9999-12-31"
MONTHS = [str(month) for month in range(1, 13)]
DIGITS = {"int": 9, "bigint": 18}  # so many fit for certain


@dataclass(frozen=True)
class Row:
    """One line of a playbook file; an empty cell is None."""

    line: int
    values: dict[str, str | None]


def publish(settings: Settings) -> dict[str, Path]:
    """Check the playbook in force and write it to the data directory, from where dbt seeds.

    Returns the file that supplied each table. Raises Fault naming every file, line and reason; then nothing is written.
    """
    files = files_in_force(settings.playbook_dir)
    write(check(files, settings.sources), settings.effective_playbook_dir)
    return files


def publish_defaults(settings: Settings) -> None:
    """Write the default playbook to the data directory, for a look at the project before anything was refreshed."""
    write(check(files_in_force(None), settings.sources), settings.effective_playbook_dir)


def is_published(settings: Settings) -> bool:
    """Whether every table of the playbook has been written to the data directory."""
    names = [*playbook_tables(), BUSINESS_DAYS]
    return all((settings.effective_playbook_dir / f"{name}.csv").is_file() for name in names)


def read(settings: Settings) -> dict[str, list[dict[str, str | None]]]:
    """The playbook in force, by table. Raises Fault where it is broken."""
    tables = check(files_in_force(settings.playbook_dir), settings.sources)
    return {name: [row.values for row in rows] for name, rows in tables.items()}


def files_in_force(overlay: Path | None) -> dict[str, Path]:
    """Which file supplies each table: the overlay's where it has one, else the default. Raises Fault."""
    files = {name: DEFAULT_PLAYBOOK_DIR / f"{name}.csv" for name in playbook_tables()}
    return files if overlay is None else laid_over(files, overlay, "FUNNELHOUSE_PLAYBOOK_DIR")


def laid_over(files: dict[str, Path], overlay: Path, named_by: str) -> dict[str, Path]:
    """The files with a folder's own in place of those of the same name. Raises Fault; `named_by` named the folder."""
    if not overlay.is_dir():
        raise Fault(f"{named_by}: {overlay} is not a folder.")
    own = {path.stem: path for path in sorted(overlay.glob("*.csv"))}
    for name, path in own.items():
        if name not in files:
            raise Fault(f"{path}: the playbook has no table '{name}'; it has {', '.join(sorted(files))}.")
    return files | own


def check(files: dict[str, Path], connected: Collection[str]) -> dict[str, list[Row]]:
    """Read and test every table. Raises Fault naming every file, line and reason.

    What maps the words of sources that are not connected is left out: it may speak of stages that a company without
    them does not have.
    """
    problems: list[str] = []
    tables: dict[str, list[Row]] = {}
    for name, path in files.items():
        try:
            tables[name] = _read_rows(path, playbook_tables()[name])
        except Fault as fault:
            problems += str(fault).splitlines()
    for name in tables:
        tables[name] += _default_rows_missing(playbook_tables()[name], tables[name])
    idle = {row.values["source"] for row in tables.get("sources", [])} - set(connected)
    for name in MAPPINGS & tables.keys():
        tables[name] = [row for row in tables[name] if row.values["source"] not in idle]
    for name, rows in tables.items():
        table = playbook_tables()[name]
        found = [
            *_value_problems(table, rows, tables),
            *_row_problems(table, rows, tables),
            *(_setting_problems(rows) if name == "settings" else []),
            *(_calendar_problems(rows) if name == "business_calendars" else []),
            *(score_rules.problems(name, rows, tables) if "scoring_groups" in tables else []),
            *attribution_rules.problems(name, rows, tables),
            *kpi_rules.problems(name, rows, tables),
        ]
        problems += [f"{files[name]}, line {line}: {reason}" for line, reason in dict.fromkeys(found)]
    if problems:
        raise Fault("The playbook cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems))
    return tables


def _read_rows(path: Path, table: Table) -> list[Row]:
    """The rows of a file. Raises Fault with a line of text for each thing that keeps it from being this table."""
    lines = read_delimited(path)
    _, header = next(lines, (1, []))
    reasons = [
        *(f"unknown column '{name or ''}'" for name in header if name not in table.column_names),
        *(f"column '{c.name}' is missing" for c in table.columns if c.is_required and c.name not in header),
        *(["a column stands twice"] if len(set(header)) < len(header) else []),
    ]
    problems = [f"{path}, line 1: {reason}; known are {', '.join(table.column_names)}" for reason in reasons]
    rows = []
    for line, cells in lines:
        if any(cells) and len(cells) != len(header):
            problems.append(f"{path}, line {line}: has {len(cells)} cells, the header has {len(header)}")
        elif any(cells):
            given = dict(zip(header, cells, strict=True))
            rows.append(Row(line, {column.name: _plain(column, given.get(column.name)) for column in table.columns}))
    if problems:
        raise Fault("\n".join(problems))
    return rows


def _default_rows_missing(table: Table, rows: list[Row]) -> list[Row]:
    """The default's rows that must be there and that a company's file leaves out, settings it never heard of, say."""
    missing = []
    for test, arguments in table.tests:
        if test == "contains_all":
            column = arguments["column"]
            wanted = set(arguments["values"]) - {row.values[column] for row in rows}
            defaults = _read_rows(DEFAULT_PLAYBOOK_DIR / f"{table.name}.csv", table) if wanted else []
            missing += [row for row in defaults if row.values[column] in wanted]
    return missing


def _plain(column: Column, value: str | None) -> str | None:
    """A cell as the warehouse is to read it: Excel writes true as TRUE."""
    return value.lower() if value and column.data_type == "boolean" else value


def _value_problems(table: Table, rows: list[Row], tables: dict[str, list[Row]]) -> Iterator[tuple[int, str]]:
    for column in table.columns:
        allowed = column.accepted_values
        lookup = column.tests.get("relationships")
        if lookup:
            target = referenced_table(lookup["to"])
            if target not in tables:
                continue
            allowed = sorted({row.values[lookup["field"]] for row in tables[target]} - {None})
        for row in rows:
            value = row.values[column.name]
            reason = _reason_against(column, value, allowed)
            if reason:
                yield row.line, f"column '{column.name}': {reason}"


def _reason_against(column: Column, value: str | None, allowed: list[str] | None) -> str | None:
    if value is None:
        return "is empty" if column.is_required else None
    if allowed is not None and value not in allowed:
        return f"'{value}' is unknown; known are {', '.join(allowed)}"
    digits = DIGITS.get(column.data_type)
    if digits and not re.fullmatch(f"-?[0-9]{{1,{digits}}}", value):
        return f"'{value}' is not a whole number of at most {digits} digits"
    if column.data_type == "double" and not _is_number(value):
        return f"'{value}' is not a number"
    if column.data_type == "boolean" and value not in BOOLEANS:
        return f"'{value}' is neither true nor false"
    if column.data_type == "date" and not _is_date(value):
        return f"'{value}' is not a date such as 2026-01-31"
    if "is_domain" in column.tests and not _is_domain(value):
        return f"'{value}' is not a domain such as acme.com: in lower case, without @, www. or address of a page"
    if "is_pattern" in column.tests and not _is_pattern(value):
        return f"'{value}' is not a pattern (a regular expression)"
    return None


def _row_problems(table: Table, rows: list[Row], tables: dict[str, list[Row]]) -> Iterator[tuple[int, str]]:
    for test, arguments in table.tests:
        columns = arguments.get("columns", [])
        if test == "unique_combination":
            first_line: dict[tuple, int] = {}
            for row in rows:
                key = tuple(row.values[name] for name in columns)
                if key in first_line:
                    yield row.line, f"{_shown(columns, row)} stands on line {first_line[key]} already"
                first_line.setdefault(key, row.line)
        elif test == "known_combination":
            target = referenced_table(arguments["to"])
            if target not in tables:
                continue
            known = {tuple(row.values[name] for name in columns) for row in tables[target]}
            for row in rows:
                key = tuple(row.values[name] for name in columns)
                if None not in key and key not in known:
                    yield row.line, f"{_shown(columns, row)} is not in {target}.csv"
        elif test == "no_validity_overlap":
            yield from _overlaps(columns, rows)


def _overlaps(columns: list[str], rows: list[Row]) -> Iterator[tuple[int, str]]:
    """Rows of one rule whose validity [valid_from, valid_to) is empty or overlaps an earlier one's."""
    rules: dict[tuple, list[Row]] = {}
    for row in rows:
        start, end = row.values["valid_from"], row.values["valid_to"]
        if not all(value is None or _is_date(value) for value in (start, end)):
            continue
        if start and end and end <= start:
            yield row.line, f"valid_to {end} is not after valid_from {start}"
        rules.setdefault(tuple(row.values[name] for name in columns), []).append(row)
    for versions in rules.values():
        versions.sort(key=lambda row: row.values["valid_from"] or "")
        for earlier, later in pairwise(versions):
            if (later.values["valid_from"] or "") < (earlier.values["valid_to"] or FURTHEST_DATE):
                yield later.line, f"{_shown(columns, later)}: its validity overlaps that of line {earlier.line}"


def _shown(columns: list[str], row: Row) -> str:
    return ", ".join(f"{name} '{row.values[name] or ''}'" for name in columns)


def _setting_problems(rows: list[Row]) -> Iterator[tuple[int, str]]:
    """A setting's name says its unit, and so what its value must be."""
    for row in rows:
        setting, value = row.values["setting"] or "", row.values["value"] or ""
        if setting == "reporting_timezone" and value not in calendars.time_zones():
            yield row.line, f"'{value}' is not a time zone such as Europe/Warsaw"
        if setting == "week_start" and value not in ("monday", "sunday"):
            yield row.line, f"'{value}' is neither monday nor sunday"
        if setting == "fiscal_year_start_month" and value not in MONTHS:
            yield row.line, f"'{value}' is not a month from 1 to 12"
        if setting == "reporting_currency" and not re.fullmatch("[A-Z]{3}", value):
            yield row.line, f"'{value}' is not a currency code such as EUR"
        if setting.endswith(COUNTED_UNITS) and not re.fullmatch(r"[0-9]{1,9}", value):
            yield row.line, f"'{value}' is not a whole number"
        if setting.endswith("_rate") and not (_is_number(value) and 0 <= float(value) <= 1):
            yield row.line, f"'{value}' is not a share between 0 and 1"
        if setting.endswith("_factor") and not (_is_number(value) and float(value) >= 1):
            yield row.line, f"'{value}' is not a number from 1 on"


def _calendar_problems(rows: list[Row]) -> Iterator[tuple[int, str]]:
    """Calendars are complete in themselves, and exactly one is the default."""
    required = [column.name for column in playbook_tables()["business_calendars"].columns if column.is_required]
    for row in rows:
        reason = None if any(row.values[name] is None for name in required) else calendars.problem_of(row.values)
        if reason:
            yield row.line, reason
    defaults = [row for row in rows if row.values["is_default"] == "true"]
    if len(defaults) != 1:
        yield (defaults[1].line if defaults else 1), f"exactly one calendar is the default, here {len(defaults)} are"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text)) and math.isfinite(float(text))


def _is_domain(text: str) -> bool:
    """Whether it can be what stands behind the @ of an address, in lower case; the dbt test is_domain says the same."""
    has_dot_within = "." in text[1:-1]
    return has_dot_within and text == text.lower() and not re.search(r"[@/ ]|^www\.", text)


@cache
def _is_pattern(text: str) -> bool:
    """Whether the warehouse can match by it: its regular expressions are RE2's, not Python's."""
    try:
        duckdb.execute("select regexp_full_match('', ?)", [text]).fetchall()
    except duckdb.Error:
        return False
    return True


def write(tables: dict[str, list[Row]], target: Path) -> None:
    """Write the playbook and what follows from it; files of the folder that are neither go."""
    target.mkdir(parents=True, exist_ok=True)
    written = {target / f"{name}.csv" for name in tables} | {target / f"{BUSINESS_DAYS}.csv"}
    for name, rows in tables.items():
        columns = playbook_tables()[name].column_names
        _write(target / f"{name}.csv", columns, ([row.values[column] or "" for column in columns] for row in rows))
    offices = [row.values for row in tables["business_calendars"]]
    _write(target / f"{BUSINESS_DAYS}.csv", calendars.COLUMNS, calendars.business_days(offices))
    for stale in set(target.glob("*.csv")) - written:
        stale.unlink()


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Replace the file in one step, so that a reader never meets half of it."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", newline="", delete=False) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    Path(file.name).replace(path)

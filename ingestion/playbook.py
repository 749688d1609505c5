"""The playbook: the defaults with a company's own files laid over them, refused before a build if anything is wrong."""

import csv
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ingestion import attribution_rules, calendars, kpi_rules, score_rules, stage_rules
from ingestion.cells import is_date, is_domain, is_number, matches_any, pattern_problem, unseen
from ingestion.config import DEFAULT_PLAYBOOK_DIR, Settings
from ingestion.contract import Column, Table, entities, playbook_tables, referenced_table
from ingestion.delimited import read_delimited
from ingestion.faults import Fault
from ingestion.sources import known_sources

# How sources that are connected word what we have words for.
MAPPINGS = {"stage_mappings", "field_mappings", "activity_mappings", "conversion_actions"}
# What is made from the playbook and seeded with it.
BUSINESS_DAYS = "business_days"
# How the names of settings end whose values are whole numbers, and the most that they can be: a century.
COUNTED_UNITS = {"_days": 36_500, "_months": 1_200, "_minutes": 52_560_000, "_count": 999_999_999}
# Settings that may be 0: what is allowed for, or how few are enough.
TOLERANCES = ("touch_grace_minutes", "stage_repeat_minutes", "stale_rate_days", "late_handover_days", "late_event_days")
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
    own = {path.stem: path for path in sorted(overlay.glob("[!.~]*.csv"))}
    for name, path in own.items():
        if name not in files:
            raise Fault(f"{path}: the playbook has no table '{name}'; it has {', '.join(sorted(files))}.")
        if not path.is_file():
            raise Fault(f"{path}: is no file that can be read.")
    for path in sorted(overlay.iterdir()):
        name = re.split(r"\W", path.name)[0].casefold()
        if name in files and name not in own and path.is_file():
            raise Fault(f"{path}: is not read; save it as CSV and call it {name}.csv, or put it elsewhere.")
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
    described = {row.values["source"] for row in tables.get("sources", [])}
    idle = {*described, *known_sources()} - (described & set(connected))
    for name in MAPPINGS & tables.keys():
        tables[name] = [row for row in tables[name] if row.values["source"] not in idle]
    for name, rows in tables.items():
        table = playbook_tables()[name]
        found = [
            *_value_problems(table, rows, tables),
            *_row_problems(table, rows, tables),
            *(_setting_problems(rows) if name == "settings" else []),
            *(_calendar_problems(rows) if name == "business_calendars" else []),
            *(_source_problems(rows, connected) if name == "sources" else []),
            *(_naming_problems(rows) if name == "campaign_naming" else []),
            *(_spelling_problems(rows) if name == "value_mappings" else []),
            *(_bucket_problems(rows) if name == "response_time_buckets" else []),
            *(score_rules.problems(name, rows, tables) if "scoring_groups" in tables else []),
            *attribution_rules.problems(name, rows, tables),
            *kpi_rules.problems(name, rows, tables),
            *stage_rules.problems(name, rows),
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
        words = _words_matched(column, tables)
        if lookup:
            target = referenced_table(lookup["to"])
            if target not in tables:
                continue
            allowed = sorted({row.values[lookup["field"]] for row in tables[target]} - {None})
        for row in rows:
            value = row.values[column.name]
            reason = _reason_against(column, value, allowed)
            if not reason and value and words and not matches_any(value, words):
                reason = f"'{value}' is unknown; known are {', '.join(words)}"
            if reason:
                yield row.line, f"column '{column.name}': {reason}"


def _words_matched(column: Column, tables: dict[str, list[Row]]) -> tuple[str, ...]:
    """The words of which a pattern of ours has to match one, or its rule never holds; none where they are not ours."""
    if "is_pattern" in column.tests and column.name == "actor":
        return tuple(entities()["activities"].column("actor").accepted_values)
    if "is_pattern" in column.tests and column.name == "activity_type":
        return tuple(row.values["activity_type"] or "" for row in tables.get("activity_types", []))
    return ()


def _reason_against(column: Column, value: str | None, allowed: list[str] | None) -> str | None:
    if value is None:
        return "is empty" if column.is_required else None
    if sign := unseen(value):
        return f"'{value}' holds a character that nobody sees ({sign}); type it anew"
    if allowed is not None and value not in allowed:
        return f"'{value}' is unknown; known are {', '.join(allowed)}"
    digits = DIGITS.get(column.data_type)
    if digits and not re.fullmatch(f"-?[0-9]{{1,{digits}}}", value):
        return f"'{value}' is not a whole number of at most {digits} digits"
    if column.data_type == "double" and not is_number(value):
        return f"'{value}' is not a number"
    if (ends := column.tests.get("accepted_range")) and not ends["min_value"] <= float(value) <= ends["max_value"]:
        return f"'{value}' is not between {ends['min_value']} and {ends['max_value']}"
    if column.data_type == "boolean" and value not in BOOLEANS:
        return f"'{value}' is neither true nor false"
    if column.data_type == "date" and not is_date(value):
        return f"'{value}' is not a date such as 2026-01-31"
    if "is_domain" in column.tests and not is_domain(value):
        return f"'{value}' is not a domain such as acme.com: in lower case, without @, www. or address of a page"
    return pattern_problem(value) if "is_pattern" in column.tests else None


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
        elif test == "not_empty" and not rows:
            yield 1, "no row follows"
        elif test == "no_validity_overlap":
            yield from _overlaps(columns, rows)


def _overlaps(columns: list[str], rows: list[Row]) -> Iterator[tuple[int, str]]:
    """Rows of one rule whose validity [valid_from, valid_to) is empty or overlaps an earlier one's."""
    rules: dict[tuple, list[Row]] = {}
    for row in rows:
        start, end = row.values["valid_from"], row.values["valid_to"]
        if not all(value is None or is_date(value) for value in (start, end)):
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
    history = next((row.values["value"] or "" for row in rows if row.values["setting"] == "volume_history_days"), "")
    for row in rows:
        setting, value = row.values["setting"] or "", row.values["value"] or ""
        if setting == "reporting_timezone" and value not in calendars.time_zones():
            yield row.line, f"{setting}: '{value}' is not a time zone such as Europe/Warsaw"
        if setting == "week_start" and value not in ("monday", "sunday"):
            yield row.line, f"{setting}: '{value}' is neither monday nor sunday"
        if setting == "fiscal_year_start_month" and value not in MONTHS:
            yield row.line, f"{setting}: '{value}' is not a month from 1 to 12"
        if setting == "reporting_currency" and not re.fullmatch("[A-Z]{3}", value):
            yield row.line, f"{setting}: '{value}' is not a currency code such as EUR"
        for unit, most in COUNTED_UNITS.items():
            least = 0 if setting in TOLERANCES or unit == "_count" else 1
            if setting.endswith(unit) and not re.fullmatch(r"[0-9]{1,9}", value):
                yield row.line, f"{setting}: '{value}' is not a whole number"
            elif setting.endswith(unit) and not least <= int(value) <= most:
                yield row.line, f"{setting}: '{value}' is not between {least} and {most}"
        if setting == "volume_least_days" and value.isdigit() and history.isdigit() and int(value) > int(history):
            yield (
                row.line,
                f"{setting}: '{value}' is above volume_history_days, {history}: nothing would ever be judged",
            )
        if setting.endswith("_rate") and not (is_number(value) and 0 <= float(value) <= 1):
            yield row.line, f"{setting}: '{value}' is not a share between 0 and 1"
        if setting.endswith("_factor") and not (is_number(value) and float(value) >= 1):
            yield row.line, f"{setting}: '{value}' is not a number from 1 on"


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


def _source_problems(rows: list[Row], connected: Collection[str]) -> Iterator[tuple[int, str]]:
    described = {row.values["source"] for row in rows}
    for source in connected:
        if source in known_sources() and source not in described:
            yield 1, f"no row has the source '{source}', which is connected (FUNNELHOUSE_SOURCES)"


def _naming_problems(rows: list[Row]) -> Iterator[tuple[int, str]]:
    """The parts of a campaign name follow one another from 1 on, each under one name."""
    parts: dict[str, Row] = {}
    for row in rows:
        position, part = row.values["position"] or "", row.values["part"]
        known = parts.setdefault(position, row)
        if known.values["part"] != part:
            named = f"'{known.values['part']}' on line {known.line}"
            yield row.line, f"column 'part': '{part}', but position {position} is {named}"
    for position, row in parts.items():
        if re.fullmatch("[0-9]{1,9}", position) and int(position) > 1 and str(int(position) - 1) not in parts:
            yield row.line, f"column 'position': {position} has no position {int(position) - 1} before it"


def _spelling_problems(rows: list[Row]) -> Iterator[tuple[int, str]]:
    for row in rows:
        entity, column = entities().get(row.values["entity"] or ""), row.values["column_name"]
        if entity and column and column not in entity.column_names:
            yield row.line, f"column 'column_name': {entity.name} have no column '{column}'"


def _bucket_problems(rows: list[Row]) -> Iterator[tuple[int, str]]:
    """Ranges of hours follow one another from 0 on without end: each answer falls into exactly one."""
    if any(not is_number(row.values[name] or "0") for row in rows for name in ("from_hours", "to_hours")):
        return
    end: float | None = 0.0
    for row in sorted(rows, key=lambda row: float(row.values["from_hours"] or 0)):
        start = float(row.values["from_hours"] or 0)
        if start != end:
            yield row.line, f"column 'from_hours': {start:g} is not where the range before ends ({_hours(end)})"
        end = float(row.values["to_hours"]) if row.values["to_hours"] else None
        if end is not None and end <= start:
            yield row.line, f"column 'to_hours': {end:g} is not above {start:g}"
    if end is not None:
        yield 1, f"column 'to_hours': the last range ends at {end:g}; leave it empty, or later answers are in none"


def _hours(end: float | None) -> str:
    return "never" if end is None else f"{end:g}"


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

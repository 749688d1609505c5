"""Bring rows as they were given to the types of the input contract, and say of each row that cannot be what is wrong.

It is SQL from file to file, so that DuckDB streams and nothing but keys is held in memory.
"""

import difflib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion.cells import UNSEEN
from ingestion.contract import EARLIEST_YEAR, LATEST_YEAR, Column, Table
from ingestion.faults import Fault
from ingestion.sources.files.given import lay_out
from ingestion.sql import (
    copy_to_parquet,
    email_key,
    equal,
    id_without_address,
    identifier,
    identifiers,
    keyed_hash,
    literal,
)

DAY_PATTERN = r"\d{4}-\d{2}-\d{2}"
MOMENT_PATTERN = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
OFFSET_PATTERN = MOMENT_PATTERN + r" ?(Z|[+-]\d{2}(:?\d{2})?)"
TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
PRECISION_SUFFIX = "_precision"
# Columns that name a record; where an export took people's e-mails for their ids, those become keys.
ID_SUFFIXES = ("_id", "changed_by")
# Beyond them a number is a mistake too, infinity included: of larger sums a double does not even tell the whole units,
# and an amount times two rates fits into the decimals in which money is added up.
LARGEST_NUMBER, LARGEST_RATE = "1e15", "1e6"
WHOLE_NUMBER_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
INSTANT_TYPES = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
KINDS = {
    "timestamp": "a date or a date-time such as 2026-01-31T12:00:00Z",
    "date": "a date such as 2026-01-31",
    "boolean": "true or false",
    "bigint": "a whole number",
    "int": "a whole number",
}


@dataclass(frozen=True)
class Rules:
    """What the rows of `files` are held to beyond their types."""

    timezone: str
    lookups: dict[str, dict[str, list[str]]]  # entity → column → values that are known
    hash_secret: bytes


@dataclass(frozen=True)
class Conformed:
    """The rows of one entity after conforming.

    `rows` names a view of all of them: the entity's columns, then `_line`, `_fault_column`, `_fault` (null for a good
    row) and `_given` (a bad row as it was, as text). Of the bad ones `unidentified_count` have no key that can be read.
    """

    entity: Table
    file: Path
    rows: str
    row_count: int
    quarantined_count: int
    unidentified_count: int
    notices: list[str]


def conform_file(
    connection: duckdb.DuckDBPyConnection, entity: Table, path: Path, rules: Rules, work: Path
) -> Conformed:
    """Read one file, type its rows and judge them; what lies in `work` must live as long as the result.

    Raises Fault where the file as a whole cannot be used.
    """
    try:
        notices: list[str] = []
        given = lay_out(connection, entity, path, work, notices)
        notices += check_columns(str(path), entity, given)
        typed, judged = work / f"{entity.name}.typed.parquet", work / f"{entity.name}.parquet"
        connection.execute(copy_to_parquet(_typed_select(entity, given, rules), typed)).fetchall()
        connection.execute(copy_to_parquet(_unrepeated_select(entity, typed), judged)).fetchall()
        typed.unlink()
        rows = f"conformed_{entity.name}"
        connection.execute(f"create or replace view {rows} as select * from read_parquet({literal(judged)})")
        # A row out of shape may have its cells in the wrong columns.
        no_key = " or ".join(f"{identifier(name)} is null" for name in entity.key if entity.column(name).is_required)
        [counts] = connection.execute(
            f"""
            select
                count(*),
                count(*) filter (where _fault is not null),
                count(*) filter (where _fault is not null and (_fault_column is null or {no_key}))
            from {rows}
            """
        ).fetchall()
    except duckdb.Error as error:
        raise Fault(f"{path}: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise Fault(f"{path}: cannot be read ({error.strerror}).") from error
    unidentified_count = counts[-1]
    if unidentified_count:
        notices.append(
            f"{path}: refused rows without a readable key: {unidentified_count:,}. Until they are mended, no row that "
            f"is gone from the file counts as deleted."
        )
    return Conformed(entity, path, rows, *counts, notices)


def check_columns(name: str, entity: Table, given: dict[str, str]) -> list[str]:
    """Compare a file's columns with the contract; `name` is the file's, `given` maps its columns to DuckDB types.

    Returns a notice for each column that will be ignored. Raises Fault where a required column is missing, or where an
    unknown column looks like a misspelt one that is missing.
    """
    absent = [column.name for column in entity.columns if column.name not in given]
    unknown = [column for column in given if column not in entity.column_names]
    for column in unknown:
        [meant] = difflib.get_close_matches(column.lower(), absent, n=1, cutoff=0.85) or [None]
        if meant:
            raise Fault(f"{name}, line 1, column '{column}': unknown; did you mean '{meant}'? Rename or remove it.")
    required = [c.name for c in entity.columns if c.is_required and not c.name.endswith(PRECISION_SUFFIX)]
    for column in required:
        if column in absent:
            raise Fault(
                f"{name}, line 1: required column '{column}' is missing; '{entity.name}' needs {', '.join(required)}."
            )
    return [f"{name}: '{entity.name}' has no column '{column}'; it is ignored." for column in unknown]


def _typed_select(entity: Table, given: dict[str, str], rules: Rules) -> str:
    """Every row of `given` in the contract's types, as in `Conformed` but for repeated keys, and `_given` for all."""
    complaints = [
        (column.name, *complaint)
        for column in entity.columns
        for complaint in _complaints(column, given, rules.lookups.get(entity.name, {}))
    ]
    columns = ",\n".join(
        f"        {_typed(column, given, rules)} as {identifier(column.name)}" for column in entity.columns
    )
    supplied = [name for name in entity.column_names if name in given]
    cells = ",\n".join(f"        {_text(name, given)} as {identifier('given ' + name)}" for name in supplied)
    first_column = "\n".join(f"            when {test} then {literal(column)}" for column, test, _ in complaints)
    reasons = ",\n".join(f"            case when {test} then {reason} end" for _, test, reason in complaints)
    return f"""
with typed as (
    select
{columns},
{cells},
        _line,
        _fault as _shape_fault,
        coalesce(_raw, {_row_as_json(list(given))}) as _given
    from given
)

select
    {identifiers(entity.column_names)},
    _line,
    case
            when _shape_fault is not null then null
{first_column}
    end as _fault_column,
    coalesce(_shape_fault, nullif(concat_ws('; ',
{reasons}
    ), '')) as _fault,
    _given
from typed
"""


def _unrepeated_select(entity: Table, typed: Path) -> str:
    """The typed rows, of which each good one with the key of an earlier good one is refused; `_given` for bad ones."""
    key = identifiers(entity.key)
    shown_key = ", ', ', ".join(f"coalesce(cast({identifier(name)} as varchar), '')" for name in entity.key)
    reason = f"concat('{', '.join(entity.key)}: ''', {shown_key}, ''' stands on line ', _first_line, ' already')"
    rows = f"read_parquet({literal(typed)})"
    # Only the keys are grouped, so that a large file of wide rows need not fit into memory.
    return f"""
with repeated as (
    select {key}, min(_line) as _first_line from {rows} where _fault is null group by {key} having count(*) > 1
),

compared as (
    select
        typed.*,
        repeated._first_line,
        coalesce(typed._fault is null and typed._line > repeated._first_line, false) as _is_repeat
    from {rows} as typed
    left join repeated on {equal(entity.key, "typed", "repeated")}
)

select
    {identifiers(entity.column_names)},
    _line,
    case when _is_repeat then {literal(entity.key[0])} else _fault_column end as _fault_column,
    case when _is_repeat then {reason} else _fault end as _fault,
    case when _is_repeat or _fault is not null then _given end as _given
from compared
"""


def _typed(column: Column, given: dict[str, str], rules: Rules) -> str:
    """The expression that turns a given cell into the contract's type, null where it cannot be."""
    name = column.name
    if name.endswith(PRECISION_SUFFIX):
        return _precision(name, given)
    if name == "email_key":
        stated = keyed_hash(_text(name, given), rules.hash_secret)
        return f"coalesce({email_key(_text('email', given), rules.hash_secret)}, {stated})"
    if name == "email_domain" and "email" in given:
        domain = f"split_part(lower({_text('email', given)}), '@', 2)"
        return f"coalesce(lower({_text(name, given)}), nullif({domain}, ''))"
    if name not in given:
        return f"cast(null as {column.data_type})"
    text, given_type, cell = _text(name, given), given[name], identifier(name)
    if column.data_type == "string":
        return id_without_address(text, rules.hash_secret) if name.endswith(ID_SUFFIXES) else text
    if column.data_type in ("bigint", "int"):
        if given_type in WHOLE_NUMBER_TYPES:
            return f"cast({cell} as bigint)"
        number = f"try_cast({text} as decimal(38, 9))"
        return f"case when {number} = trunc({number}) then try_cast({number} as bigint) end"
    if column.data_type == "double":
        number = cell if given_type == "DOUBLE" else f"try_cast({text} as double)"
        return f"case when abs({number}) <= {_largest(column)} then {number} end"
    if column.data_type == "boolean":
        if given_type == "BOOLEAN":
            return cell
        return f"case when lower({text}) in {TRUE_WORDS} then true when lower({text}) in {FALSE_WORDS} then false end"
    if column.data_type == "date":
        return _within_reason(f"cast({_local_day(name, given, rules.timezone)} as date)")
    return _within_reason(_moment(name, given, rules.timezone))


def _largest(column: Column) -> str:
    """The largest number that a column takes; exchange rates and margins are no amounts."""
    return LARGEST_RATE if "rate" in column.name.split("_") else LARGEST_NUMBER


def _within_reason(time: str) -> str:
    return f"case when year({time}) between {EARLIEST_YEAR} and {LATEST_YEAR} then {time} end"


def _moment(name: str, given: dict[str, str], timezone: str) -> str:
    """A timestamp in UTC. A day stays that day at 00:00: it is a local date and must not move to another one."""
    text, cell, zone = _text(name, given), identifier(name), literal(timezone)
    if given[name] == "DATE":
        return f"cast({cell} as timestamp)"
    if given[name] in INSTANT_TYPES:
        moment = f"timezone('UTC', {cell})"
    elif given[name].startswith("TIMESTAMP"):
        moment = f"timezone('UTC', timezone({zone}, cast({cell} as timestamp)))"
    else:
        moment = f"""case
            when regexp_full_match({text}, '{DAY_PATTERN}') then try_cast({text} as timestamp)
            when regexp_full_match({text}, '{OFFSET_PATTERN}') then timezone('UTC', {_instant(text)})
            when regexp_full_match({text}, '{MOMENT_PATTERN}')
                then timezone('UTC', timezone({zone}, try_cast({text} as timestamp)))
        end"""
    if name + PRECISION_SUFFIX not in given:
        return moment
    is_day = f"{_text(name + PRECISION_SUFFIX, given)} = 'day'"
    return f"case when {is_day} then {_local_day(name, given, timezone)} else {moment} end"


def _instant(text: str) -> str:
    """A time with its offset, which DuckDB does not read after a space."""
    return f"try_cast(regexp_replace({text}, ' ([Z+-])', '\\1') as timestamptz)"


def _local_day(name: str, given: dict[str, str], timezone: str) -> str:
    """The start of the day, in the files' time zone, that a cell names or lies in; as a timestamp that is not UTC."""
    text, cell, zone = _text(name, given), identifier(name), literal(timezone)
    if given[name] == "DATE":
        return f"cast({cell} as timestamp)"
    if given[name] in INSTANT_TYPES:
        return f"date_trunc('day', timezone({zone}, {cell}))"
    if given[name].startswith("TIMESTAMP"):
        return f"date_trunc('day', cast({cell} as timestamp))"
    return f"""case
            when regexp_full_match({text}, '{DAY_PATTERN}|{MOMENT_PATTERN}')
                then date_trunc('day', try_cast({text} as timestamp))
            when regexp_full_match({text}, '{OFFSET_PATTERN}')
                then date_trunc('day', timezone({zone}, {_instant(text)}))
        end"""


def _precision(name: str, given: dict[str, str]) -> str:
    """`day` where the file says so or its cell holds no time, else `second`; null where there is no moment."""
    moment = name.removesuffix(PRECISION_SUFFIX)
    stated = _text(name, given)
    if moment not in given:
        return stated
    is_day = "true" if given[moment] == "DATE" else f"regexp_full_match({_text(moment, given)}, '{DAY_PATTERN}')"
    derived = f"case when {is_day} then 'day' else 'second' end"
    return f"case when {_text(moment, given)} is not null then coalesce({stated}, {derived}) end"


def _complaints(column: Column, given: dict[str, str], lookups: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Pairs of a condition under which a row is refused and the reason, both SQL."""
    name, value, cell = column.name, identifier(column.name), identifier("given " + column.name)
    complaints = []
    if column.data_type != "string" and name in given:
        kind = KINDS.get(column.data_type) or f"a number such as 1234.5, of at most {_largest(column)}"
        reason = f"concat('{name}: ''', {cell}, ''' is not {kind}')"
        complaints.append((f"{cell} is not null and {value} is null", reason))
    if column.data_type == "string" and name.endswith(ID_SUFFIXES) and name in given:
        # Two ids that look the same and are not would part what belongs together.
        reason = f"concat('{name}: ''', {cell}, ''' holds a character that nobody sees')"
        complaints.append((f"regexp_matches({cell}, {literal(UNSEEN)})", reason))
        if given[name] in ("DOUBLE", "FLOAT"):
            # A fraction keeps 16 digits, in which two long ids can become one.
            reason = f"concat('{name}: ', {cell}, ' is a number that has lost digits; give the id as text')"
            complaints.append((f"regexp_matches({cell}, 'e[+]|inf')", reason))
    known = column.accepted_values or lookups.get(name)
    if known is not None:
        where = "" if column.accepted_values else " in the playbook"
        is_known = f"{value} in ({', '.join(literal(word) for word in known)})" if known else "false"
        reason = f"concat('{name}: ''', {value}, ''' is unknown{where}')"
        complaints.append((f"{value} is not null and not {is_known}", reason))
    if column.is_required and not name.endswith(PRECISION_SUFFIX):
        missing = f"{cell} is null and {value} is null" if name in given else f"{value} is null"
        complaints.append((missing, f"'{name} is empty'"))
    return complaints


def _text(name: str, given: dict[str, str]) -> str:
    """The given cell as text, null where it is blank or absent."""
    if name not in given:
        return "cast(null as varchar)"
    if given[name] == "VARCHAR":
        return f"nullif(trim({identifier(name)}), '')"
    if given[name] in ("DOUBLE", "FLOAT"):
        # Data frames write a missing value as NaN, and so whole numbers, ids among them, as 17.0.
        return f"nullif(regexp_replace(cast({identifier(name)} as varchar), '\\.0$', ''), 'nan')"
    return f"nullif(trim(cast({identifier(name)} as varchar)), '')"


def _row_as_json(columns: list[str]) -> str:
    cells = ", ".join(f"{literal(column)}: {identifier(column)}" for column in columns)
    return f"cast(to_json({{{cells}}}) as varchar)"

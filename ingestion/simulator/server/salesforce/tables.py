"""Tables of records as columns of numpy arrays, and what a SOQL query makes of them."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ingestion.simulator.server.salesforce.schema import NUMBERS, OBJECT_OF_PREFIX, FieldType, ObjectType
from ingestion.simulator.server.salesforce.soql import (
    Aggregate,
    Comparison,
    Condition,
    DateFunction,
    Field,
    Fields,
    Key,
    Not,
    Pattern,
    Query,
    SoqlError,
)
from ingestion.simulator.systems import BASE_62, SALESFORCE_LETTERS

UNSELECTABLE = "If you are attempting to use a custom {}, be sure to append the '__c' after the {} name. "
UNSELECTABLE += "Please reference your WSDL or the describe call for the appropriate names."
# What a record is whose relation may lead to several types (`Who.Type`).
NAME_TYPE = FieldType("Type", "picklist", 40)
COMPARERS = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Table:
    """All records of one object, in the order of their modification: an array per field.

    Texts are object arrays with None, numbers float with NaN, moments datetime64[s] and days datetime64[D] with NaT.
    """

    type: ObjectType
    columns: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, kind: ObjectType, frame: pd.DataFrame) -> "Table":
        """From a frame that has some of the fields; the others are empty."""
        by = "SystemModstamp" if "SystemModstamp" in kind.fields else "CreatedDate"
        if by in kind.fields and len(frame):
            order = np.lexsort((frame["Id"].to_numpy(dtype="U18"), frame[by].to_numpy(dtype="datetime64[s]")))
            frame = frame.iloc[order]
        return cls(kind, {name: _array(kind.fields[name], frame) for name in kind.fields})

    def __len__(self) -> int:
        return len(self.columns["Id"])

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each id."""
        return {record_id: row for row, record_id in enumerate(self.columns["Id"])}


@dataclass(frozen=True)
class Result:
    """What a query found: the rows of a table in order, or the one record of an aggregate."""

    table: Table
    fields: tuple[tuple[str, ...], ...]
    rows: np.ndarray
    aggregate: dict[str, Any] | None = None


class Evaluator:
    """Answers queries over the tables that `table_of` gives by the object's name; `now` is what TODAY means."""

    def __init__(self, types: Mapping[str, ObjectType], table_of: Callable[[str], Table], now: datetime) -> None:
        self.types = types
        self.table_of = table_of
        self.today = np.datetime64(now, "D")

    def answer(self, query: Query, has_deleted: bool) -> Result:
        """Raises SoqlError where Salesforce would refuse."""
        kind = next((t for t in self.types.values() if t.name.lower() == query.object.lower()), None)
        if kind is None:
            words = f"sObject type '{query.object}' is not supported. " + UNSELECTABLE.format("object", "entity")
            raise SoqlError("INVALID_TYPE", words, query.text, query.object_at)
        fields = self._selected(query, kind)
        table = self.table_of(kind.name)
        keep = np.ones(len(table), dtype=bool)
        if not has_deleted and "IsDeleted" in kind.fields:
            keep &= ~table.columns["IsDeleted"]
        if query.where is not None:
            keep &= self._holds(query.where, table, query.text)
        rows = np.flatnonzero(keep)
        aggregates = [item for item in query.select if isinstance(item, Aggregate)]
        if aggregates:
            return Result(table, (), rows[:0], self._aggregated(aggregates, table, rows, query.text))
        rows = self._ordered(query.order, table, rows, query.text)
        stop = None if query.limit is None else query.offset + query.limit
        return Result(table, fields, rows[query.offset : stop])

    def _selected(self, query: Query, kind: ObjectType) -> tuple[tuple[str, ...], ...]:
        paths: dict[tuple[str, ...], None] = {}
        for item in query.select:
            if isinstance(item, Fields):
                wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}[item.kind]
                paths |= dict.fromkeys((name,) for name, one in kind.fields.items() if one.is_custom in wanted)
            elif isinstance(item, Field):
                paths[self._path(item, kind, query.text)] = None
        return tuple(paths)

    def _path(self, wanted: Field, kind: ObjectType, text: str) -> tuple[str, ...]:
        """The path in the schema's own spelling."""
        steps, is_name = wanted.path, False
        if len(steps) > 1 and steps[0].lower() == kind.name.lower():
            steps = steps[1:]
        found: list[str] = []
        for relation in steps[:-1]:
            reference = kind.relation(relation)
            if reference is None:
                words = f"Didn't understand relationship '{relation}' in field path. " + UNSELECTABLE.format(
                    "relationship", "custom relationship"
                )
                raise SoqlError("INVALID_FIELD", words, text, wanted.at)
            found.append(reference.relation)
            kinds = [self.types[name] for name in reference.refers_to]
            is_name, next_step = len(kinds) > 1, steps[len(found)]
            kind = next((one for one in kinds if one.relation(next_step) or one.field(next_step)), kinds[0])
        if is_name and steps[-1].lower() == NAME_TYPE.name.lower():
            return (*found, NAME_TYPE.name)
        one = kind.field(steps[-1])
        if one is None:
            words = f"No such column '{steps[-1]}' on entity '{kind.name}'. "
            raise SoqlError("INVALID_FIELD", words + UNSELECTABLE.format("field", "custom field"), text, wanted.at)
        return (*found, one.name)

    def column(self, table: Table, path: tuple[str, ...]) -> tuple[FieldType, np.ndarray]:
        """A field's values for all rows, through relations where the path has them."""
        if len(path) == 1:
            return table.type.fields[path[0]], table.columns[path[0]]
        reference = table.type.relation(path[0])
        if len(reference.refers_to) > 1 and path[1:] == (NAME_TYPE.name,):
            ids = table.columns[reference.name]
            return NAME_TYPE, np.array([one and _name_type(one) for one in ids], dtype=object)
        # Of what may be of several types, each has fields that the others lack.
        kinds = [self.types[name] for name in reference.refers_to]
        parents = [kind.name for kind in kinds if path[1] in kind.fields or (path[2:] and kind.relation(path[1]))]
        results = [self._through(table, reference, parent, path[1:]) for parent in parents]
        kind, values = results[0]
        for (_, others), parent in zip(results[1:], parents[1:], strict=True):
            row_of = self.table_of(parent).row_of
            is_other = np.array([record_id in row_of for record_id in table.columns[reference.name]], dtype=bool)
            values = np.where(is_other, others, values)
        return kind, values

    def _through(
        self, table: Table, reference: FieldType, parent_name: str, path: tuple[str, ...]
    ) -> tuple[FieldType, np.ndarray]:
        parent = self.table_of(parent_name)
        kind, values = self.column(parent, path)
        row_of = parent.row_of
        rows = np.array([row_of.get(record_id, -1) for record_id in table.columns[reference.name]], dtype=int)
        nothing = _nothing(kind, 1) if kind.type != "boolean" else np.array([False])
        return kind, np.concatenate([values, nothing])[rows]

    def _holds(self, condition: Condition, table: Table, text: str) -> np.ndarray:
        if isinstance(condition, Not):
            return ~self._holds(condition.condition, table, text)
        if isinstance(condition, Comparison):
            kind, values = self.column(table, self._path(condition.field, table.type, text))
            return _compared(kind, values, condition, self.today, text)
        parts = [self._holds(part, table, text) for part in condition.conditions]
        return np.logical_and.reduce(parts) if condition.word == "AND" else np.logical_or.reduce(parts)

    def _ordered(self, order: tuple[Key, ...], table: Table, rows: np.ndarray, text: str) -> np.ndarray:
        paths = [self._path(key.field, table.type, text) for key in order]
        natural = [("SystemModstamp" if "SystemModstamp" in table.type.fields else "CreatedDate",), ("Id",)]
        if not order or (paths == natural[: len(paths)] and not any(key.is_descending for key in order)):
            return rows
        ranks = []
        for key, path in zip(order, paths, strict=True):
            kind, values = self.column(table, path)
            rank, is_null = _ranked(kind, values[rows])
            # The last key is the one that lexsort sorts by first.
            ranks.append((-rank if key.is_descending else rank, is_null if key.has_nulls_last else ~is_null))
        return rows[np.lexsort([rank for pair in reversed(ranks) for rank in pair])]

    def _aggregated(self, aggregates: list[Aggregate], table: Table, rows: np.ndarray, text: str) -> dict[str, Any]:
        record: dict[str, Any] = {}
        unnamed = 0
        for item in aggregates:
            kind, values = self.column(table, self._path(item.field, table.type, text))
            known = values[rows][~_is_null(values[rows])]
            if item.alias is None:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            else:
                name = item.alias
            if item.function == "COUNT":
                record[name] = len(known)
            elif item.function == "COUNT_DISTINCT":
                record[name] = len(set(known.tolist()))
            else:
                best = sorted(known.tolist() if known.dtype == object else known)[
                    :: -1 if item.function == "MAX" else 1
                ]
                record[name] = said(kind, np.array(best[:1], dtype=known.dtype))[0] if best else None
        return record


def record_ids(prefix: str, numbers: Iterable[int]) -> np.ndarray:
    """Ids of 18 characters, as `systems.salesforce_id` makes them one by one."""
    rest = np.asarray(list(numbers) if not isinstance(numbers, np.ndarray) else numbers, dtype=np.int64)
    letters = np.frombuffer(f"{prefix}5g00000".encode(), dtype=np.uint8)
    codes = np.empty((len(rest), 18), dtype=np.uint8)
    codes[:, :10] = letters
    alphabet = np.frombuffer(BASE_62.encode(), dtype=np.uint8)
    for place in range(14, 9, -1):
        rest, digit = np.divmod(rest, 62)
        codes[:, place] = alphabet[digit]
    is_upper = (codes[:, :15] >= ord("A")) & (codes[:, :15] <= ord("Z"))
    checksum = np.frombuffer(SALESFORCE_LETTERS.encode(), dtype=np.uint8)
    for part in range(3):
        bits = (is_upper[:, part * 5 : part * 5 + 5] * (1 << np.arange(5))).sum(axis=1)
        codes[:, 15 + part] = checksum[bits]
    return codes.view("S18").ravel().astype("U18").astype(object)


def own_numbers(own_ids: pd.Series) -> np.ndarray:
    """The numbers in our own ids (L000001 → 1)."""
    return own_ids.str[1:].astype(np.int64).to_numpy()


def said(kind: FieldType, values: np.ndarray, zone: str = "+0000") -> list:
    """Values of a field as JSON says them; `zone` is how a moment ends (+0000 at REST, Z in bulk results)."""
    if kind.type == "datetime":
        texts = np.char.add(np.datetime_as_string(values, unit="ms"), zone).astype(object)
        texts[np.isnat(values)] = None
        return texts.tolist()
    if kind.type == "date":
        texts = np.datetime_as_string(values, unit="D").astype(object)
        texts[np.isnat(values)] = None
        return texts.tolist()
    if kind.type == "int":
        return [None if value != value else int(value) for value in values.tolist()]
    if kind.type in NUMBERS:
        return [None if value != value else value for value in values.tolist()]
    return values.tolist()


def _array(kind: FieldType, frame: pd.DataFrame) -> np.ndarray:
    if kind.name not in frame:
        return np.zeros(len(frame), dtype=bool) if kind.type == "boolean" else _nothing(kind, len(frame))
    values = frame[kind.name]
    if kind.type == "boolean":
        return values.fillna(False).astype(bool).to_numpy()
    if kind.type == "datetime":
        return values.to_numpy(dtype="datetime64[s]")
    if kind.type == "date":
        return values.to_numpy(dtype="datetime64[s]").astype("datetime64[D]")
    if kind.type in NUMBERS:
        return pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
    texts = values.to_numpy(dtype=object)
    return np.where(pd.isna(texts), None, texts)


def _nothing(kind: FieldType, count: int) -> np.ndarray:
    if kind.type in ("date", "datetime"):
        return np.full(count, "NaT", dtype="datetime64[D]" if kind.type == "date" else "datetime64[s]")
    return np.full(count, np.nan) if kind.type in NUMBERS else np.full(count, None, dtype=object)


def _is_null(values: np.ndarray) -> np.ndarray:
    return pd.isna(values)


def _ranked(kind: FieldType, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A number per value that orders them, and which are null."""
    is_null = _is_null(values)
    rank = np.zeros(len(values), dtype=float)
    known = values[~is_null]
    if values.dtype == object:
        known = known.astype(str) if kind.type in ("id", "reference") else np.char.lower(known.astype(str))
    rank[~is_null] = np.unique(known, return_inverse=True)[1]
    return rank, is_null


def _compared(
    kind: FieldType, values: np.ndarray, comparison: Comparison, today: np.datetime64, text: str
) -> np.ndarray:
    name, word, wanted = comparison.field.path[-1], comparison.operator, comparison.value
    if word == "LIKE":
        if values.dtype != object:
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", "invalid operator", text, comparison.field.at)
        pattern = _like(wanted.text)
        return np.array([value is not None and pattern.fullmatch(value) is not None for value in values], dtype=bool)
    if word in ("INCLUDES", "EXCLUDES"):
        sets = [set(option.lower().split(";")) for option in wanted]
        found = [
            value is not None and any(options <= set(value.lower().split(";")) for options in sets) for value in values
        ]
        return np.array(found, dtype=bool) == (word == "INCLUDES")
    if word in ("IN", "NOT IN"):
        checked = [_checked(kind, option, name, text) for option in wanted]
        if values.dtype == object:
            is_id = kind.type in ("id", "reference")
            options = {_folded(option, is_id) for option in checked}
            found = np.array([_folded(value, is_id) in options for value in values], dtype=bool)
        else:
            found = np.zeros(len(values), dtype=bool)
            for option in checked:
                found |= _is_null(values) if option is None else values == option
        return found == (word == "IN")
    if isinstance(wanted, DateFunction):
        return _in_span(values, word, *_span(wanted, today))
    wanted = _checked(kind, wanted, name, text)
    if wanted is None:
        if word not in ("=", "!="):
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", "invalid operator", text, comparison.field.at)
        return _is_null(values) == (word == "=")
    if word == "!=":
        return ~_compared(kind, values, Comparison(comparison.field, "=", comparison.value), today, text)
    if values.dtype != object:
        known = ~_is_null(values)
        return known & COMPARERS[word](values, wanted)
    is_id = kind.type in ("id", "reference")
    folded, compare = _folded(wanted, is_id), COMPARERS[word]
    return np.array([value is not None and compare(_folded(value, is_id), folded) for value in values], dtype=bool)


def _folded(value: str | None, is_id: bool) -> str | None:
    """As it is compared: ids by their first 15 characters, in which case counts; other texts in any case."""
    if value is None:
        return None
    return value[:15] if is_id else value.lower()


def _checked(kind: FieldType, value: Any, name: str, text: str) -> Any:
    """A literal that fits the field's type. Raises SoqlError where it does not."""
    if value is None or isinstance(value, Pattern):
        return None
    is_right = {
        "boolean": isinstance(value, bool),
        "datetime": isinstance(value, np.datetime64) and value.dtype != np.dtype("datetime64[D]"),
        "date": isinstance(value, np.datetime64) and value.dtype == np.dtype("datetime64[D]"),
    }.get(kind.type, isinstance(value, (int, float)) and not isinstance(value, bool) if kind.type in NUMBERS else True)
    if kind.type not in ("boolean", "datetime", "date", *NUMBERS):
        is_right = isinstance(value, str)
    if not is_right:
        wanted = {"datetime": "dateTime", "currency": "double", "percent": "double"}.get(kind.type, kind.type)
        quotes = " and should not be enclosed in quotes" if isinstance(value, str) else ""
        words = f"value of filter criterion for field '{name}' must be of type {wanted}{quotes}"
        raise SoqlError("INVALID_FIELD", words, text, max(text.find(name), 0))
    return value


def _name_type(record_id: str) -> str:
    name = OBJECT_OF_PREFIX[record_id[:3]]
    return "Queue" if name == "Group" else name


def _like(pattern: str) -> re.Pattern:
    pieces = []
    for found in re.finditer(r"\\(.)|(.)", pattern, re.DOTALL):
        escaped, plain = found.groups()
        pieces.append(re.escape(escaped) if escaped else {"%": ".*", "_": "."}.get(plain, re.escape(plain)))
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def _span(function: DateFunction, today: np.datetime64) -> tuple[np.datetime64, np.datetime64]:
    """The first day, and the day after the last."""
    month, year = today.astype("datetime64[M]"), today.astype("datetime64[Y]")
    first, after = {
        "TODAY": (today, today + 1),
        "YESTERDAY": (today - 1, today),
        "TOMORROW": (today + 1, today + 2),
        "THIS_MONTH": (month, month + 1),
        "LAST_MONTH": (month - 1, month),
        "THIS_YEAR": (year, year + 1),
        "LAST_YEAR": (year - 1, year),
        "LAST_N_DAYS": (today - function.count, today + 1),
        "NEXT_N_DAYS": (today + 1, today + 1 + function.count),
    }[function.name]
    return first.astype("datetime64[D]"), after.astype("datetime64[D]")


def _in_span(values: np.ndarray, word: str, first: np.datetime64, after: np.datetime64) -> np.ndarray:
    known = ~np.isnat(values)
    is_in = known & (values >= first) & (values < after)
    return {
        "=": is_in,
        "!=": ~is_in,
        "<": known & (values < first),
        "<=": known & (values < after),
        ">": known & (values >= after),
        ">=": known & (values >= first),
    }[word]

"""What a query answers: rows chosen, summed up and written as JSON, or the error with which Google refuses it."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd

from ingestion.simulator.server.google_ads.gaql import Condition, GaqlError, Query, Word
from ingestion.simulator.server.google_ads.schema import (
    BESIDE,
    CLICK_METRICS,
    ENUM,
    INT64,
    LIST,
    MEASURED,
    TYPES,
    camel_case,
    written,
)
from ingestion.simulator.server.google_ads.world import MANAGER, World

DAY = timedelta(days=1)
DATE = "segments.date"
CLICK_DAYS_KEPT = 90
SUMMED = ("impressions", "clicks", "cost_micros", "conversions")
DAYS_OF_WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda cell, value: cell == value,
    "!=": lambda cell, value: cell != value,
    ">": lambda cell, value: cell > value,
    ">=": lambda cell, value: cell >= value,
    "<": lambda cell, value: cell < value,
    "<=": lambda cell, value: cell <= value,
    "IN": lambda cell, values: cell in values,
    "NOT IN": lambda cell, values: cell not in values,
    "BETWEEN": lambda cell, values: values[0] <= cell <= values[1],
    "LIKE": lambda cell, text: re.fullmatch(_like(text), cell, re.IGNORECASE | re.DOTALL) is not None,
    "NOT LIKE": lambda cell, text: re.fullmatch(_like(text), cell, re.IGNORECASE | re.DOTALL) is None,
    "REGEXP_MATCH": lambda cell, text: re.fullmatch(text, cell) is not None,
    "NOT REGEXP_MATCH": lambda cell, text: re.fullmatch(text, cell) is None,
    "CONTAINS ANY": lambda cell, values: bool(set(values) & set(cell)),
    "CONTAINS ALL": lambda cell, values: set(values) <= set(cell),
    "CONTAINS NONE": lambda cell, values: not set(values) & set(cell),
}


def answer(world: World, account: int, query: Query) -> list[dict[str, Any]]:
    """The rows, as JSON, that an account answers. Raises GaqlError."""
    _check(query, account)
    today = world.today(account)
    days = _days(query, today)
    others = [condition for condition in query.conditions if condition.field != DATE]
    rows = world.rows(query.resource)
    rows = rows[rows["account"] == account]
    if _is_measured(query):
        rows = _measured(world, account, query, rows, days)
    for condition in others:
        rows = rows[_holds(rows, condition)]
    for field, descends in reversed(query.order):
        rows = rows.sort_values(field, ascending=not descends, kind="stable")
    if query.limit is not None:
        rows = rows.head(query.limit)
    return _written(rows, query)


def field_mask(query: Query) -> str:
    """The fields that were asked for, as an answer repeats them."""
    return ",".join(".".join(camel_case(part) for part in field.split(".")) for field in query.select)


def _check(query: Query, account: int) -> None:
    """Whether the resource and the fields exist, and go together."""
    if query.resource not in BESIDE:
        words = f"Error in FROM clause: '{query.resource}' is not a valid resource name."
        raise GaqlError("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", words)
    unknown = [f"'{field}'" for field in query.fields if field not in TYPES]
    if unknown:
        words = f"Unrecognized field{'s' if len(unknown) > 1 else ''} in the query: {', '.join(unknown)}."
        raise GaqlError("UNRECOGNIZED_FIELD", words)
    _check_resources("SELECT", query.select, query.resource)
    _check_resources("WHERE", tuple(condition.field for condition in query.conditions), query.resource)
    _check_metrics(query, account)
    ordered = [field for field, _ in query.order]
    filtered = [field for field in query.fields if _resource(field) == "segments" and field != DATE]
    missing = [field for field in (*ordered, *filtered) if field not in query.select]
    if missing:
        words = f"The following field must be present in SELECT clause: '{missing[0]}'."
        raise GaqlError("EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE", words)
    lists = [field for field in ordered if TYPES[field] == LIST]
    if lists:
        raise GaqlError("PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE", f"Cannot order by '{lists[0]}'.")


def _check_resources(clause: str, fields: tuple[str, ...], resource: str) -> None:
    known = {resource, *BESIDE[resource], "metrics", "segments"}
    foreign = [_resource(field) for field in fields if _resource(field) not in known]
    if foreign:
        words = (
            f"The resource '{foreign[0]}' in the {clause} clause is incompatible with '{resource}' in the FROM clause."
        )
        raise GaqlError(f"PROHIBITED_RESOURCE_TYPE_IN_{clause}_CLAUSE", words)


def _check_metrics(query: Query, account: int) -> None:
    metrics = [field for field in query.fields if _resource(field) == "metrics"]
    segments = [field for field in query.fields if _resource(field) == "segments"]
    if query.resource not in MEASURED and metrics + segments:
        kind = "METRIC" if metrics else "SEGMENT"
        words = f"'{(metrics + segments)[0]}' is incompatible with '{query.resource}' in the FROM clause."
        raise GaqlError(f"PROHIBITED_{kind}_IN_SELECT_OR_WHERE_CLAUSE", words)
    foreign = [field for field in metrics if query.resource == "click_view" and field not in CLICK_METRICS]
    if foreign:
        words = f"'{foreign[0]}' is incompatible with 'click_view' in the FROM clause."
        raise GaqlError("PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE", words)
    if metrics and account == MANAGER:
        words = (
            "Metrics cannot be requested for a manager account. To retrieve metrics, issue separate requests against "
            "each client account under the manager account."
        )
        raise GaqlError("REQUESTED_METRICS_FOR_MANAGER", words)


def _days(query: Query, today: date) -> tuple[date, date]:
    """The days that the filters leave, both included."""
    first, last = date.min, date.max
    for condition in query.conditions:
        if condition.field == DATE:
            lower, upper = _span(condition, today)
            first, last = max(first, lower), min(last, upper)
    if query.resource == "click_view":
        if first != last:
            raise GaqlError(
                "EXPECTED_FILTER_ON_A_SINGLE_DAY",
                "Click View queries need a filter on a single day, such as segments.date = '2026-01-31'.",
                "clickViewError",
            )
        if first < today - CLICK_DAYS_KEPT * DAY:
            raise GaqlError("DATE_TOO_OLD", "The requested date is too old.", "clickViewError")
    if DATE in query.select and (first == date.min or last == date.max):
        raise GaqlError(
            "EXPECTED_FILTERS_ON_DATE_RANGE",
            f"Expects filters on the following field to limit a finite date range: '{DATE}'.",
        )
    return first, last


def _span(condition: Condition, today: date) -> tuple[date, date]:
    value = condition.value
    if condition.operator == "DURING":
        return _during(value, today)
    if condition.operator == "BETWEEN":
        return _day(value[0]), _day(value[1])
    spans = {
        "=": lambda day: (day, day),
        ">=": lambda day: (day, date.max),
        ">": lambda day: (day + DAY, date.max),
        "<=": lambda day: (date.min, day),
        "<": lambda day: (date.min, day - DAY),
    }
    if condition.operator not in spans:
        raise GaqlError("OPERATOR_FIELD_MISMATCH", f"The operator {condition.operator} cannot be used with '{DATE}'.")
    return spans[condition.operator](_day(value))


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise GaqlError("INVALID_DATE_FORMAT", f"Invalid date format '{value}'. Expected 'YYYY-MM-DD'.") from None


def _during(value: Any, today: date) -> tuple[date, date]:
    monday, sunday = today - today.weekday() * DAY, today - (today.weekday() + 1) % 7 * DAY
    month = today.replace(day=1)
    spans = {
        "TODAY": (today, today),
        "YESTERDAY": (today - DAY, today - DAY),
        "LAST_7_DAYS": (today - 7 * DAY, today - DAY),
        "LAST_14_DAYS": (today - 14 * DAY, today - DAY),
        "LAST_30_DAYS": (today - 30 * DAY, today - DAY),
        "LAST_BUSINESS_WEEK": (monday - 7 * DAY, monday - 3 * DAY),
        "LAST_WEEK_MON_SUN": (monday - 7 * DAY, monday - DAY),
        "LAST_WEEK_SUN_SAT": (sunday - 7 * DAY, sunday - DAY),
        "THIS_WEEK_MON_TODAY": (monday, today),
        "THIS_WEEK_SUN_TODAY": (sunday, today),
        "THIS_MONTH": (month, today),
        "LAST_MONTH": ((month - DAY).replace(day=1), month - DAY),
    }
    name = value.text.upper() if isinstance(value, Word) else ""
    if name not in spans:
        raise GaqlError("INVALID_VALUE_WITH_DURING_OPERATOR", "Error in WHERE clause: invalid value with DURING.")
    return spans[name]


def _is_measured(query: Query) -> bool:
    return any(_resource(field) in ("metrics", "segments") for field in query.fields)


def _measured(world: World, account: int, query: Query, rows: pd.DataFrame, days: tuple[date, date]) -> pd.DataFrame:
    """The rows with their metrics per segment; without segments one row each, with zeros where nothing happened."""
    facts = world.facts(query.resource)
    facts = facts[(facts["account"] == account) & facts[DATE].between(*days)]
    key = {"customer": "account", "click_view": "click_view.gclid"}.get(query.resource, f"{query.resource}.id")
    facts = facts[facts[key].notna()]
    segments = [field for field in query.select if field.startswith("segments.")]
    facts = facts.assign(**{field: facts[DATE].map(SEGMENTS[field]) for field in segments if field != DATE})
    summed = [f"metrics.{name}" for name in SUMMED if f"metrics.{name}" in facts]
    sums = facts.groupby([key, *segments], sort=False)[summed].sum().reset_index()
    sums = sums[(sums[summed] != 0).any(axis=1)]
    rows = rows.drop(columns=[field for field in (DATE, *summed) if field in rows])
    joined = rows.merge(sums, on=key, how="inner" if segments or query.resource == "click_view" else "left")
    joined[summed] = joined[summed].fillna(0)
    measured = _with_ratios(joined)
    asked = [field for field in query.select if field.startswith("metrics.")]
    return measured[(measured[asked] != 0).any(axis=1)] if segments and asked else measured


def _with_ratios(rows: pd.DataFrame) -> pd.DataFrame:
    """With the metrics that follow from the summed ones."""
    if "metrics.impressions" not in rows:
        return rows
    impressions, clicks = (rows[f"metrics.{name}"].astype(float) for name in ("impressions", "clicks"))
    # Sums of hundredths, which have no exact double, are made whole again.
    conversions = rows["metrics.conversions"].round(6)
    return rows.assign(
        **{
            "metrics.interactions": rows["metrics.clicks"],
            "metrics.conversions": conversions,
            "metrics.all_conversions": conversions,
            "metrics.ctr": (clicks / impressions.where(impressions > 0)).fillna(0.0),
            "metrics.average_cpc": (rows["metrics.cost_micros"] / clicks.where(clicks > 0)).fillna(0.0),
        }
    )


SEGMENTS: dict[str, Callable[[date], Any]] = {
    "segments.week": lambda day: day - day.weekday() * DAY,
    "segments.month": lambda day: day.replace(day=1),
    "segments.quarter": lambda day: day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1),
    "segments.year": lambda day: day.year,
    "segments.day_of_week": lambda day: DAYS_OF_WEEK[day.weekday()],
}


def _holds(rows: pd.DataFrame, condition: Condition) -> pd.Series:
    field, operator = condition.field, condition.operator
    is_empty = rows[field].isna()
    if operator in ("IS NULL", "IS NOT NULL"):
        return is_empty if operator == "IS NULL" else ~is_empty
    if operator not in COMPARISONS or (operator.startswith("CONTAINS") != (TYPES[field] == LIST)):
        raise GaqlError("OPERATOR_FIELD_MISMATCH", f"The operator {operator} cannot be used with '{field}'.")
    value = condition.value
    wanted = tuple(_wanted(one, field) for one in value) if isinstance(value, tuple) else _wanted(value, field)
    compare = COMPARISONS[operator]
    try:
        kept = [not empty and compare(cell, wanted) for cell, empty in zip(rows[field], is_empty, strict=True)]
    except (TypeError, re.error):
        raise GaqlError("BAD_VALUE", f"Error in WHERE clause: invalid value for '{field}'.") from None
    return pd.Series(kept, index=rows.index, dtype=bool)


def _wanted(value: Any, field: str) -> Any:
    """A value of a query as the field's own cells are."""
    if isinstance(value, Word):
        return {"TRUE": True, "FALSE": False}.get(value.text.upper(), value.text)
    if TYPES[field] == INT64 and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return value.upper() if TYPES[field] == ENUM and isinstance(value, str) else value


def _like(text: str) -> str:
    """A pattern of LIKE as a regular expression: % is anything, _ one character, [..] takes a sign as it is."""
    parts = re.findall(r"\[(.)\]|(.)", text, re.DOTALL)
    signs = {"%": ".*", "_": "."}
    return "".join(re.escape(plain) if plain else signs.get(sign, re.escape(sign)) for plain, sign in parts)


def _resource(field: str) -> str:
    return field.partition(".")[0]


def _written(rows: pd.DataFrame, query: Query) -> list[dict[str, Any]]:
    """The rows as JSON: the fields asked for that are set, and the names of the resources that these belong to."""
    resources = dict.fromkeys([query.resource, *(_resource(field) for field in query.select)])
    names = [f"{resource}.resource_name" for resource in resources if f"{resource}.resource_name" in rows]
    fields = dict.fromkeys([*names, *query.select])
    cells = [(field, [camel_case(part) for part in field.split(".")], rows[field].tolist()) for field in fields]
    found: list[dict[str, Any]] = [{} for _ in range(len(rows))]
    for field, path, values in cells:
        for row, value in zip(found, values, strict=True):
            if value is None or (not isinstance(value, list) and pd.isna(value)):
                continue
            message = row
            for part in path[:-1]:
                message = message.setdefault(part, {})
            message[path[-1]] = written(str(value) if isinstance(value, date) else value, TYPES[field])
    return found

"""The search endpoint: filter groups, query, sorts."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ingestion.simulator.server.hubspot.answers import invalid
from ingestion.simulator.server.hubspot.records import Records

MOST_RESULTS = 10_000
MOST_GROUPS, MOST_FILTERS, MOST_FILTERS_IN_ALL = 5, 6, 18
QUERIED = {
    "contacts": ("firstname", "lastname", "email", "phone", "company", "hs_additional_emails"),
    "companies": ("name", "domain", "phone"),
    "deals": ("dealname", "pipeline", "dealstage", "dealtype"),
}
Value = str | None
Test = Callable[[Value], bool]
Associated = Callable[[str], dict[str, list[str]] | None]


def found(records: Records, body: dict[str, Any], associated: Associated = lambda _: None) -> list[int]:
    """The places of the live records that a search finds, in its order. Raises Refusal for what HubSpot refuses.

    `associated` gives, per record, the ids of the objects of another type that it is associated with: what the
    pseudo-property `associations.<type>` holds. None where there is no such type.
    """
    groups = body.get("filterGroups") or []
    if body.get("filters"):
        groups = [*groups, {"filters": body["filters"]}]
    if len(groups) > MOST_GROUPS or sum(len(group.get("filters", [])) for group in groups) > MOST_FILTERS_IN_ALL:
        raise invalid(f"There was a problem with the request: at most {MOST_GROUPS} filter groups are allowed")
    places = records.live
    if groups:
        chosen: set[int] = set()
        for group in groups:
            filters = group.get("filters", [])
            if len(filters) > MOST_FILTERS:
                raise invalid(f"There was a problem with the request: at most {MOST_FILTERS} filters are allowed")
            within = places
            for condition in filters:
                within = _passing(records, within, condition, associated)
            chosen.update(within)
        places = [place for place in places if place in chosen]
    if query := str(body.get("query") or "").lower():
        columns = [records.values[name] for name in QUERIED.get(records.object_type, ()) if name in records.values]
        places = [place for place in places if any(query in (column[place] or "").lower() for column in columns)]
    return _sorted(records, places, body.get("sorts") or [])


def _passing(records: Records, places: list[int], condition: dict[str, Any], associated: Associated) -> list[int]:
    name, operator = condition.get("propertyName"), condition.get("operator")
    kind, _, other = str(name).partition("associations.")
    if other and not kind and (others := associated(other)) is not None:
        test = _test(str(operator), condition)
        # One that is associated with nothing has one value, which is none.
        return [place for place in places if any(test(one) for one in others.get(records.ids[place]) or [None])]
    column = records.values.get(str(name))
    if column is None:
        raise invalid(f"There was a problem with the request: property '{name}' does not exist")
    test = _test(str(operator), condition)
    if name == _modified(records) and operator in MOMENT_TESTS:
        # The one filter that every synchronisation uses is answered from the numbers themselves.
        compare = MOMENT_TESTS[str(operator)]
        bound, high = _moment(condition.get("value")), _moment(condition.get("highValue"))
        moments = records.updated
        return [place for place in places if compare(int(moments[place]), bound, high)]
    return [place for place in places if test(column[place])]


def _modified(records: Records) -> str:
    return "lastmodifieddate" if records.object_type == "contacts" else "hs_lastmodifieddate"


MOMENT_TESTS: dict[str, Callable[[int, float, float], bool]] = {
    "EQ": lambda value, bound, _: value == bound,
    "GT": lambda value, bound, _: value > bound,
    "GTE": lambda value, bound, _: value >= bound,
    "LT": lambda value, bound, _: value < bound,
    "LTE": lambda value, bound, _: value <= bound,
    "BETWEEN": lambda value, low, high: low <= value <= high,
}


def _test(operator: str, condition: dict[str, Any]) -> Test:
    value, high = condition.get("value"), condition.get("highValue")
    wanted = {str(one).lower() for one in condition.get("values") or []}
    if operator in ("IN", "NOT_IN") and not wanted:
        raise invalid(f"There was a problem with the request: operator {operator} requires values")
    if operator in (*MOMENT_TESTS, "NEQ", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN") and value in (None, ""):
        raise invalid(f"There was a problem with the request: operator {operator} requires a value")
    token = re.compile(".*".join(re.escape(part) for part in str(value).lower().split("*")))
    tests: dict[str, Test] = {
        "EQ": lambda own: own is not None and (own.lower() == str(value).lower() or _moment(own) == _moment(value)),
        "NEQ": lambda own: own is None or own.lower() != str(value).lower(),
        "GT": lambda own: own is not None and _moment(own) > _moment(value),
        "GTE": lambda own: own is not None and _moment(own) >= _moment(value),
        "LT": lambda own: own is not None and _moment(own) < _moment(value),
        "LTE": lambda own: own is not None and _moment(own) <= _moment(value),
        "BETWEEN": lambda own: own is not None and _moment(value) <= _moment(own) <= _moment(high),
        "IN": lambda own: own is not None and own.lower() in wanted,
        "NOT_IN": lambda own: own is None or own.lower() not in wanted,
        "HAS_PROPERTY": lambda own: own not in (None, ""),
        "NOT_HAS_PROPERTY": lambda own: own in (None, ""),
        "CONTAINS_TOKEN": lambda own: own is not None and bool(token.search(own.lower())),
        "NOT_CONTAINS_TOKEN": lambda own: own is None or not token.search(own.lower()),
    }
    if operator not in tests:
        raise invalid(f"There was a problem with the request: unknown operator {operator}")
    return tests[operator]


def _moment(value: object) -> float:
    """A number, or a date or date-time as milliseconds; not a number where it is neither."""
    text = str(value)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return float("nan")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _sorted(records: Records, places: list[int], sorts: list[Any]) -> list[int]:
    if len(sorts) > 1:
        raise invalid("There was a problem with the request: only one sort is allowed")
    for sort in sorts:
        name = sort.get("propertyName") if isinstance(sort, dict) else str(sort).removeprefix("-")
        descending = sort.get("direction") == "DESCENDING" if isinstance(sort, dict) else str(sort).startswith("-")
        if name not in records.values:
            raise invalid(f"There was a problem with the request: property '{name}' does not exist")
        if name == _modified(records):
            moments = records.updated
            places = sorted(places, key=lambda place: int(moments[place]), reverse=descending)
        else:
            column = records.values[name]
            places = sorted(places, key=lambda place: _sort_key(column[place]), reverse=descending)
    return places


def _sort_key(value: Value) -> tuple[bool, float, str]:
    number = _moment(value) if value is not None else float("nan")
    return (value is None, number if number == number else float("inf"), value or "")

"""One event of the export as a row: its nested fields flat, its parameters by name, its addresses without queries."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.links import CLICK_IDS, query_of, scrubbed, tags_of, without_query

BEGINNING_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)
# Google Analytics began in it; seconds and milliseconds, taken for microseconds, lie before it.
EARLIEST_YEAR = 2005
# What tells events of one visitor and moment apart, in the exports that have it.
SEQUENCE = ("event_bundle_sequence_id", "batch_page_id", "batch_ordering_id", "batch_event_index")
# Where a tag stands among what was collected with an event, and among the parameters of older exports.
TAGS = {
    "utm_source": ("manual_source", "source"),
    "utm_medium": ("manual_medium", "medium"),
    "utm_campaign": ("manual_campaign_name", "campaign"),
    "utm_content": ("manual_content", "content"),
    "utm_term": ("manual_term", "term"),
}
# Parameters that have columns of their own.
OWN = {
    *(parameter for _, parameter in TAGS.values()),
    *CLICK_IDS,
    *("page_location", "page_referrer", "ga_session_id", "lead_id", "value"),
}
FORM = ("form_id", "form_name", "form_destination")
E_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
KINDS = ("string_value", "int_value", "float_value", "double_value")


def event_row(day: str, given: dict[str, Any]) -> dict[str, Any]:
    """The row of an event of a day (as its file says). A broken one has `_refusal`."""
    if not given.get("event_name"):
        return refused_row(day, "event_name is missing", "event_name")
    if not isinstance(given["event_name"], str):
        return refused_row(day, "event_name is not a text", "event_name")
    moment = _moment(given.get("event_timestamp"))
    if moment is None:
        return refused_row(day, "event_timestamp is not a number of microseconds", "event_timestamp")
    try:
        return _row(day, given, moment)
    except (AttributeError, LookupError, TypeError):
        return refused_row(day, "the event is not shaped as Google exports it")


def refused_row(day: str, reason: str, column: str | None = None) -> dict[str, Any]:
    """What is set aside in place of an event that cannot be read."""
    return {"event_date": day, "_refusal": reason, "_refused_column": column}


def parameters_of(given: Any) -> dict[str, Any]:
    """Parameters by name, each with the one value that it has; parquet may wrap lists and their items."""
    items = given.get("list") if isinstance(given, dict) else given
    found: dict[str, Any] = {}
    for item in items or []:
        pair = item.get("element") or item.get("item") or item
        values = pair.get("value") or {}
        found[pair["key"]] = next((values[kind] for kind in KINDS if values.get(kind) is not None), None)
    return found


def _row(day: str, given: dict[str, Any], moment: str) -> dict[str, Any]:
    parameters = parameters_of(given.get("event_params"))
    user = _text(given.get("user_id"))
    is_address = bool(user and E_MAIL.fullmatch(user))
    return {
        "event_date": day,
        "event_id": _id(day, given, parameters),
        "event_name": given["event_name"],
        "occurred_at": moment,
        "user_pseudo_id": _text(given.get("user_pseudo_id")),
        "user_id": None if is_address else user,
        "user_email": user if is_address else None,
        "lead_id": _text(parameters.get("lead_id")),
        "session_id": parameters.get("ga_session_id"),
        "url": _address(parameters.get("page_location")),
        "referrer": _address(parameters.get("page_referrer")),
        **_tags(given, parameters),
        "form": next((str(parameters[name]) for name in FORM if parameters.get(name)), None),
        "value": parameters.get("value"),
        "country": (given.get("geo") or {}).get("country"),
        "device_category": (given.get("device") or {}).get("category"),
        "event_params": scrubbed({name: value for name, value in parameters.items() if name not in OWN}),
    }


def _id(day: str, given: dict[str, Any], parameters: dict[str, Any]) -> str:
    """A name for an event, which the export does not have: the same in the day's first file and in its last."""
    parts = [day, given.get("user_pseudo_id"), given.get("event_timestamp"), given["event_name"]]
    parts += [given.get(name) for name in SEQUENCE]
    known = [
        *("" if part is None else str(part) for part in parts),
        *(f"{key}={parameters[key]}" for key in sorted(parameters)),
    ]
    return hashlib.sha256("\x1f".join(known).encode(errors="replace")).hexdigest()[:32]


def _moment(micros: Any) -> str | None:
    """Microseconds since 1970, as a number or as JSON writes large ones, in ISO."""
    try:
        moment = BEGINNING_OF_TIME + timedelta(microseconds=int(micros))
    except (TypeError, ValueError, OverflowError):
        return None
    return moment.isoformat() if moment.year >= EARLIEST_YEAR else None


def _tags(given: dict[str, Any], parameters: dict[str, Any]) -> dict[str, str]:
    """UTM tags and click id: as collected with the event, in older exports as parameters, else of the address."""
    collected = given.get("collected_traffic_source") or {}
    found = {tag: collected.get(manual) or parameters.get(parameter) for tag, (manual, parameter) in TAGS.items()}
    clicks = {kind: collected.get(kind) or parameters.get(kind) for kind in CLICK_IDS}
    found["click_id"] = next((f"{kind}:{value}" for kind, value in clicks.items() if value), None)
    of_address = tags_of(query_of(str(parameters.get("page_location") or "")))
    if found["click_id"] is None:  # Google collects none but its own
        found["click_id"] = of_address.get("click_id")
    stated = {name: str(value) for name, value in found.items() if value}
    return stated if stated.keys() & TAGS.keys() else of_address | stated


def _address(given: Any) -> str | None:
    return (without_query(given) or None) if isinstance(given, str) else None


def _text(given: Any) -> str | None:
    return None if given is None else str(given).strip() or None

"""The resources that are served, their fields, and the shape in which an answer gives them."""

from typing import Any

INT64, DOUBLE, TEXT, ENUM, BOOL, DAY, LIST = "int64", "double", "string", "enum", "bool", "date", "list"
_LINKS = {"tracking_url_template": TEXT, "final_url_suffix": TEXT, "url_custom_parameters": LIST}
RESOURCES: dict[str, dict[str, str]] = {
    "customer": {
        "id": INT64,
        "descriptive_name": TEXT,
        "currency_code": TEXT,
        "time_zone": TEXT,
        "manager": BOOL,
        "test_account": BOOL,
        "auto_tagging_enabled": BOOL,
        "status": ENUM,
    },
    "customer_client": {
        "id": INT64,
        "client_customer": TEXT,
        "descriptive_name": TEXT,
        "currency_code": TEXT,
        "time_zone": TEXT,
        "level": INT64,
        "manager": BOOL,
        "hidden": BOOL,
        "test_account": BOOL,
        "status": ENUM,
    },
    "campaign": {
        "id": INT64,
        "name": TEXT,
        "status": ENUM,
        "advertising_channel_type": ENUM,
        "start_date_time": TEXT,
        "end_date_time": TEXT,
        **_LINKS,
    },
    "ad_group": {"id": INT64, "name": TEXT, "status": ENUM, "type": ENUM, "campaign": TEXT, **_LINKS},
    "ad_group_ad": {
        "status": ENUM,
        "ad_group": TEXT,
        "ad.id": INT64,
        "ad.type": ENUM,
        "ad.final_urls": LIST,
        **{f"ad.{name}": kind for name, kind in _LINKS.items()},
    },
    "asset_group": {"id": INT64, "name": TEXT, "status": ENUM, "campaign": TEXT, "final_urls": LIST},
    "click_view": {"gclid": TEXT, "ad_group_ad": TEXT},
    "metrics": {
        "impressions": INT64,
        "clicks": INT64,
        "interactions": INT64,
        "cost_micros": INT64,
        "conversions": DOUBLE,
        "all_conversions": DOUBLE,
        "ctr": DOUBLE,
        "average_cpc": DOUBLE,
    },
    "segments": {"date": DAY, "week": DAY, "month": DAY, "quarter": DAY, "year": INT64, "day_of_week": ENUM},
}
TYPES = {f"{resource}.{name}": kind for resource, fields in RESOURCES.items() for name, kind in fields.items()}
TYPES |= {f"{resource}.resource_name": TEXT for resource in RESOURCES if resource not in ("metrics", "segments")}
# What may be selected beside the resource of a FROM clause, and which of them state metrics and segments.
BESIDE: dict[str, tuple[str, ...]] = {
    "customer": (),
    "customer_client": ("customer",),
    "campaign": ("customer",),
    "ad_group": ("campaign", "customer"),
    "ad_group_ad": ("ad_group", "campaign", "customer"),
    "asset_group": ("campaign", "customer"),
    "click_view": ("ad_group", "campaign", "customer"),
}
MEASURED = ("customer", "campaign", "ad_group", "click_view")
CLICK_METRICS = ("metrics.clicks",)


def camel_case(name: str) -> str:
    """A name of a message's field as its JSON spells it."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def written(value: Any, kind: str) -> Any:
    """A value as proto3 JSON has it: 64-bit integers are texts."""
    if kind == INT64:
        return str(int(value))
    if kind == DOUBLE:
        return float(value)
    return bool(value) if kind == BOOL else value

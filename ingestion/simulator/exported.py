"""The hits of the website as Google Analytics exports them to BigQuery: a file per local day, nested as its tables are.

A person whom the website recognises is named by their id in the warehouse, as a website could that asks the CRM: hits
carry it as `user_id`, forms as the parameter `lead_id`.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.links import UTM
from ingestion.simulator import systems
from ingestion.simulator.analytics import hits, local_dates
from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.systems import Setup

# The event and the form's name of what is done on the website.
EVENTS = {
    "page_view": ("page_view", None),
    "form_submitted": ("form_submit", "contact"),
    "demo_requested": ("generate_lead", "request-demo"),
    "price_requested": ("generate_lead", "price-list"),
    "trial_started": ("sign_up", None),
    "content_downloaded": ("file_download", None),
    "webinar_registered": ("generate_lead", "webinar-seat"),
    "meeting_booked": ("generate_lead", "book-a-talk"),
    "chat": ("chat", None),
}
COLLECTED = ("manual_source", "manual_medium", "manual_campaign_name", "manual_content", "manual_term")
VALUE = pa.struct(
    {"string_value": pa.string(), "int_value": pa.int64(), "float_value": pa.float64(), "double_value": pa.float64()}
)
CAMPAIGN = pa.struct({"source": pa.string(), "medium": pa.string(), "campaign_name": pa.string()})
SCHEMA = pa.schema(
    {
        "event_date": pa.string(),
        "event_timestamp": pa.int64(),
        "event_name": pa.string(),
        "event_params": pa.list_(pa.struct({"key": pa.string(), "value": VALUE})),
        "user_id": pa.string(),
        "user_pseudo_id": pa.string(),
        "batch_event_index": pa.int64(),
        "device": pa.struct({"category": pa.string()}),
        "geo": pa.struct({"country": pa.string()}),
        "collected_traffic_source": pa.struct({**dict.fromkeys(COLLECTED, pa.string()), "gclid": pa.string()}),
        "session_traffic_source_last_click": pa.struct({"manual_campaign": CAMPAIGN}),
        "platform": pa.string(),
    }
)


def write_export(
    story: Chronicle, setup: Setup | None, now: datetime, folder: Path, suffix: str = ".parquet"
) -> list[Path]:
    """Write what is exported by now: the final file (of that format) of each day that is over, JSON lines of today.

    Without a setup, people are known by the ids that they have in files.
    """
    today = local_dates(pd.Series([pd.Timestamp(now)]))[0]
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for day, events in exported_days(story, setup, now).items():
        is_final = day < today
        path = folder / (f"events_{day}{suffix}" if is_final else f"events_intraday_{day}.jsonl")
        if is_final:
            (folder / f"events_intraday_{day}.jsonl").unlink(missing_ok=True)
        _write(path, events)
        written.append(path)
    return written


def exported_days(story: Chronicle, setup: Setup | None, now: datetime) -> dict[str, list[dict]]:
    """The events of each day, YYYYMMDD."""
    seen = hits(story, now)
    crm = seen["lead_id"].map(systems.crm_of_leads(story, setup)) if setup else systems.FILES
    seen = seen.assign(
        person=systems.warehouse_ids(seen["lead_id"], pd.Series(crm, seen.index)),
        date=local_dates(seen["occurred_at"]),
        page_before=seen.groupby("session")["url"].shift(),
        is_first=~seen["session"].duplicated(),
        is_new=~seen["visitor_id"].duplicated(),
    )
    days: dict[str, list[dict]] = {}
    for hit in seen.astype(object).where(seen.notna(), None).itertuples():
        days.setdefault(hit.date, []).extend(_events(hit))
    return dict(sorted(days.items()))


def _events(hit: object) -> Iterator[dict]:
    """The event of a hit, after those that a session's first hit brings along."""
    name, form = EVENTS[hit.activity_type]
    own = {"form_id": form, "lead_id": hit.person if hit.activity_type != "page_view" else None}
    if hit.is_new:
        yield _event(hit, "first_visit", 0, {})
    if hit.is_first:
        yield _event(hit, "session_start", 1, {})
    yield _event(hit, name, 2, own)


def _event(hit: object, name: str, index: int, own: dict) -> dict:
    click_kind, _, click = (hit.click_id or "").partition(":")
    tags = {tag: getattr(hit, tag) for tag in UTM if getattr(hit, tag)} | ({click_kind: click} if click else {})
    parameters = {
        "page_location": f"{hit.url or hit.landing_page}{'?' if tags else ''}{urlencode(tags)}",
        "page_referrer": hit.referrer or hit.page_before,
        "ga_session_id": int(pd.Timestamp(hit.started_at).timestamp()),
        **own,
    }
    collected = {field: getattr(hit, tag) for field, tag in zip(COLLECTED, UTM, strict=True)}
    collected["gclid"] = click if click_kind == "gclid" else None
    return {
        "event_date": hit.date,
        "event_timestamp": pd.Timestamp(hit.occurred_at).value // 1_000,
        "event_name": name,
        "event_params": [{"key": key, "value": _value(value)} for key, value in parameters.items() if value],
        "user_id": hit.person if hit.activity_type == "page_view" else None,
        "user_pseudo_id": hit.visitor_id,
        "batch_event_index": index,
        "device": {"category": "desktop"},
        "geo": {"country": None},
        "collected_traffic_source": collected if any(collected.values()) else None,
        "session_traffic_source_last_click": {
            "manual_campaign": {"source": hit.source, "medium": hit.medium, "campaign_name": hit.campaign}
        },
        "platform": "WEB",
    }


def _value(value: str | int) -> dict:
    return {"int_value" if isinstance(value, int) else "string_value": value}


def _write(path: Path, events: list[dict]) -> None:
    """As parquet, or as JSON lines, in which large numbers are texts and what is empty is left out."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(events, SCHEMA), path)
        return
    path.write_text("".join(f"{json.dumps(_as_json(event))}\n" for event in events), encoding="utf-8")


def _as_json(value: object) -> object:
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return str(value) if isinstance(value, int) else value

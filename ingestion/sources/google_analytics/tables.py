"""The raw tables that Google Analytics fills, with the columns that staging reads."""

from collections.abc import Mapping

from ingestion.links import UTM
from ingestion.records import RawTable

DIMENSIONS = ("date", "sessionDefaultChannelGroup", "sessionSource", "sessionMedium", "sessionCampaignName")
METRICS = ("sessions", "engagedSessions", "totalUsers", "newUsers", "screenPageViews", "keyEvents")
_REPORTS = (
    RawTable(
        "sessions_daily",
        (
            *("property_id", "date", "session_default_channel_group"),
            *("session_source", "session_medium", "session_campaign_name"),
        ),
        {
            "property_id": "string",
            "date": "date",
            "session_default_channel_group": "string",
            "session_source": "string",
            "session_medium": "string",
            "session_campaign_name": "string",
            "sessions": "bigint",
            "engaged_sessions": "bigint",
            "total_users": "bigint",
            "new_users": "bigint",
            "screen_page_views": "bigint",
            "key_events": "double",
        },
    ),
)
_EXPORT = (
    RawTable(
        "exported_events",
        ("event_date", "event_id"),
        {
            "event_date": "date",
            "event_id": "string",
            "event_name": "string",
            "occurred_at": "timestamp",
            "user_pseudo_id": "string",
            "user_id": "string",
            "user_email": "string",
            "lead_id": "string",
            "session_id": "bigint",
            "url": "string",
            "referrer": "string",
            **dict.fromkeys((*UTM, "click_id"), "string"),
            "form": "string",
            "value": "double",
            "country": "string",
            "device_category": "string",
            "event_params": "string",
        },
        email="user_email",
        ids=("user_pseudo_id", "user_id", "lead_id"),
        hashed=("event_id",),
    ),
    RawTable("exported_days", ("event_date",), {"event_date": "date", "is_final": "boolean", "files": "string"}),
)
TABLES: Mapping[str, RawTable] = {table.name: table for table in _REPORTS}
EXPORT_TABLES: Mapping[str, RawTable] = {table.name: table for table in _EXPORT}
ALL_TABLES: Mapping[str, RawTable] = {**TABLES, **EXPORT_TABLES}

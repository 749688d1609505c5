"""The raw tables that Google Analytics fills, with the columns that staging reads."""

from collections.abc import Mapping

from ingestion.records import RawTable

DIMENSIONS = ("date", "sessionDefaultChannelGroup", "sessionSource", "sessionMedium", "sessionCampaignName")
METRICS = ("sessions", "engagedSessions", "totalUsers", "newUsers", "screenPageViews", "keyEvents")
_TABLES = (
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
TABLES: Mapping[str, RawTable] = {table.name: table for table in _TABLES}

"""The raw tables that events fill, with the columns that staging reads."""

from collections.abc import Mapping

from ingestion.links import UTM
from ingestion.records import RawTable

# What a submission may tell of the person, in the words of the input contract; `company` is `company_name` there.
CONTACT = ("email", "full_name", "phone", "company")
PERSON = (
    *CONTACT,
    *("job_title", "job_function", "seniority", "persona", "country", "language", "lead_source", "product_interest"),
)
ADDRESSES = ("url", "landing_page", "referrer")
_TABLES = (
    RawTable(
        "events",
        ("event_id",),
        {
            "event_id": "string",
            "event_type": "string",
            "occurred_at": "timestamp",
            "anonymous_id": "string",
            **dict.fromkeys((*ADDRESSES, *UTM, "click_id", "form_id", "campaign_id", "content_id"), "string"),
            "value": "double",
            **dict.fromkeys(PERSON, "string"),
            "properties": "string",
        },
        email="email",
        ids=("event_id", "anonymous_id"),
    ),
    RawTable(
        "consents",
        ("event_id", "purpose"),
        {"event_id": "string", "purpose": "string", "status": "string"},
        ids=("event_id",),
    ),
    RawTable(
        "files",
        ("file",),
        {
            "file": "string",
            "size": "bigint",
            "read_to": "bigint",
            "line_count": "bigint",
            "head": "string",
        },
    ),
)
TABLES: Mapping[str, RawTable] = {table.name: table for table in _TABLES}

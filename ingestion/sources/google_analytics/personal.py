"""What the export tells of people: a visitor's cookie, and what a website says of those who signed in."""

from ingestion.personal import of_table
from ingestion.sources.google_analytics.tables import ALL_TABLES

PEOPLE = {
    "exported_events": of_table(
        ALL_TABLES["exported_events"],
        ("user_id", "lead_id"),
        addresses=("user_email",),
        visitors=("user_pseudo_id",),
        emptied=("user_email", "event_params"),
    ),
}

"""What submissions tell of people; who is not known by an address is a visitor."""

from ingestion.personal import of_table
from ingestion.sources.web_events.tables import CONTACT, TABLES

PEOPLE = {
    "events": of_table(
        TABLES["events"],
        addresses=("email",),
        visitors=("anonymous_id",),
        emptied=(*CONTACT, "job_title", "properties"),
    ),
}
# Who asks to be forgotten, by address: a consent with this purpose on a submission.
REQUESTS = """
    select email
    from {raw}.events
    semi join {raw}.consents as consents
        on events.event_id = consents.event_id and lower(consents.purpose) = 'erasure' and consents.status = 'granted'
    where email is not null
"""

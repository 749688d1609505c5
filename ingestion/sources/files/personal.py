"""What the files tell of people, in the columns of the input contract."""

from ingestion.contract import entities
from ingestion.personal import PERSONAL_COLUMNS, Personal


def _of(entity: str, *ids: str, **others: object) -> Personal:
    kept = tuple(name for name in entities()[entity].column_names if name not in PERSONAL_COLUMNS)
    # Ids are the warehouse's own: what a file says of a record of a CRM begins with the CRM's name.
    return Personal(ids=dict.fromkeys(ids, ""), kept=kept, **others)


PEOPLE = {
    "leads": _of("leads", "lead_id", "merged_into_lead_id", addresses=("email",), emptied=tuple(PERSONAL_COLUMNS)),
    "lead_stage_changes": _of("lead_stage_changes", "lead_id", emptied=("reason",)),
    "lead_owner_changes": _of("lead_owner_changes", "lead_id"),
    "lead_attribute_changes": _of("lead_attribute_changes", "lead_id", history_of="attribute"),
    "opportunity_contacts": _of("opportunity_contacts", "lead_id"),
    "activities": _of("activities", "lead_id", visitors=("visitor_id",)),
    "identity_links": _of("identity_links", "lead_id", visitors=("visitor_id",)),
    "consents": _of("consents", "lead_id"),
    "experiment_assignments": _of("experiment_assignments", "unit_id", only_where="unit_type = 'lead'"),
}
# Who asks to be forgotten, by the warehouse's id: a consent with this purpose.
REQUESTS = """
    select lead_id from {raw}.consents
    where lower(purpose) = 'erasure' and status = 'granted' and _row_hash != 'erased'
"""

"""Who the leads are: for those who may see people, and of the regions that they may see."""

from pathlib import Path

import pandas as pd

from app.data import query
from app.viewer import Viewer


def call_list(serving_file: str, viewer: Viewer, limit: int) -> pd.DataFrame | None:
    """Whom to call first and why, as published with a serving file; None where the viewer may see nobody.

    Empty where the contacts of that file are no longer kept.
    """
    if not viewer.may_see_people:
        return None
    return _ask(
        serving_file,
        viewer,
        """
        select list_rank, lead_id, account_id, full_name, email, phone, company_name, current_stage, grade, quadrant,
            fit_score, intent_score, reason, recommended_action, last_activity_at, owner_id, owner_region, sla_state,
            sla_due_at,
        from call_list
        where ($regions::varchar[] is null or list_contains($regions::varchar[], owner_region))
        order by list_rank
        limit $limit
        """,
        limit=limit,
    )


def names(serving_file: str, viewer: Viewer, lead_ids: list[str]) -> dict[str, str]:
    """The names of leads, as far as the viewer may see them."""
    if not viewer.may_see_people or not lead_ids:
        return {}
    rows = _ask(
        serving_file,
        viewer,
        """
        select lead_id, full_name
        from contacts
        where list_contains($lead_ids::varchar[], lead_id) and full_name is not null
            and ($regions::varchar[] is null or lead_id in (
                select lead_id from call_list where list_contains($regions::varchar[], owner_region)
            ))
        """,
        lead_ids=tuple(lead_ids),
    )
    return dict(rows.itertuples(index=False))


def _ask(serving_file: str, viewer: Viewer, sql: str, **parameters: object) -> pd.DataFrame:
    contacts = Path(serving_file).parent / "contacts" / Path(serving_file).name
    if not contacts.exists():
        return pd.DataFrame()
    # An empty list of regions is nobody's, and must not become "whatever the region".
    return query(str(contacts), sql, regions=viewer.regions, **parameters)

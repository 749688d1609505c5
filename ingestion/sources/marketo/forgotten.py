"""What the warehouse still has of people who were deleted: it goes with them, as it does in Marketo."""

from ingestion.landing import connect, stored_columns
from ingestion.sources import RawState

# The tables of what people did, by the columns of their keys.
TABLES = {"activities": ("marketo_guid",), "lead_changes": ("marketo_guid", "field")}


def keys_of(raw: RawState, lead_ids: list[int]) -> dict[str, list[dict]]:
    """Per table the keys of all that these people did and that the last complete load had."""
    keys: dict[str, list[dict]] = {}
    if not lead_ids:
        return keys
    with connect(raw, raw.warehouse.parent / "spilled") as connection:
        for table, key in TABLES.items():
            if not stored_columns(connection, raw, table):
                continue
            stored = f"warehouse.{raw.dataset}.{table}"
            select = f"select distinct {', '.join(key)} from {stored} where lead_id in (select unnest(?))"
            rows = connection.execute(select, [lead_ids])
            keys[table] = [dict(zip(key, row, strict=True)) for row in rows.fetchall()]
    return keys

"""What the account is made of: owners, deal stages, properties."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.mappings import present_fields
from ingestion.pages import Page, Stream
from ingestion.sources.hubspot.client import Client
from ingestion.sources.hubspot.tables import PROPERTIES

OWNERS_PAGE_SIZE = 100


def present_mappings(
    client: Client, settings: Settings, mappings: Mapping[str, Mapping[str, str]], notices: list[str]
) -> dict[str, dict[str, str]]:
    """The mappings of properties that HubSpot has; what it lacks is told in `notices`.

    Raises Fault where the playbook maps fields of an object that is not read, or a company's own one a missing field.
    """
    present = {}
    for name, fields in mappings.items():
        if name not in PROPERTIES:
            known = ", ".join(PROPERTIES)
            raise Fault(f"field_mappings.csv: hubspot has no object '{name}' with fields to map; known are {known}.")
        has = {definition["name"] for definition in client.get(f"/crm/v3/properties/{name}")["results"]}
        present[name] = present_fields(settings, f"HubSpot's {name}", fields, has, notices)
    return present


def streams(client: Client) -> list[Stream]:
    """Owners, deal stages and properties, each in whole."""

    def owners(cursor: Any, bookmark: Any) -> Iterator[Page]:
        for is_archived in ("false", "true"):
            if bookmark and bookmark["archived"] == "true" and is_archived == "false":
                continue
            after = bookmark["after"] if bookmark and bookmark["archived"] == is_archived else None
            for found, following in client.listing(
                "/crm/v3/owners", after, limit=OWNERS_PAGE_SIZE, archived=is_archived
            ):
                place = {"archived": is_archived, "after": following} if following else None
                if is_archived == "false" and following is None:
                    place = {"archived": "true", "after": None}
                yield Page({"owners": [owner_row(owner) for owner in found]}, bookmark=place)

    def stages(cursor: Any, bookmark: Any) -> Iterator[Page]:
        rows = [
            stage
            | {
                "pipeline_id": pipeline["id"],
                "pipeline_label": pipeline["label"],
                "is_closed": (stage.get("metadata") or {}).get("isClosed"),
            }
            for pipeline in client.get("/crm/v3/pipelines/deals")["results"]
            for stage in pipeline["stages"]
        ]
        yield Page({"deal_stages": rows})

    def properties(cursor: Any, bookmark: Any) -> Iterator[Page]:
        kept = ("name", "label", "type", "fieldType", "groupName", "calculated", "hubspotDefined", "archived")
        for name in PROPERTIES:
            found = client.get(f"/crm/v3/properties/{name}")["results"]
            rows = [{key: one[key] for key in kept if key in one} | {"object_type": name} for one in found]
            yield Page({"properties": rows})

    return [
        Stream("owners", owners, whole=("owners",)),
        Stream("deal_stages", stages, whole=("deal_stages",)),
        Stream("properties", properties, whole=("properties",)),
    ]


def owner_row(owner: dict[str, Any]) -> dict[str, Any]:
    """An owner as one row, with the name of the team that is theirs first of all."""
    teams = owner.get("teams") or []
    team = next((team for team in teams if team.get("primary")), teams[0] if teams else {})
    return owner | {"primary_team": team.get("name")}

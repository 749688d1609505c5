"""The activity log: kinds of activity, paging tokens, activities, changes of people, deleted people."""

import numpy as np
from starlette.routing import Route

from ingestion.simulator.server.marketo import activity_types as kinds
from ingestion.simulator.server.marketo.fields import ID_OF
from ingestion.simulator.server.marketo.gate import Call, Gate, Refused, place_token, token_places
from ingestion.simulator.server.marketo.times import read
from ingestion.simulator.server.marketo.world import World

MOST_TYPES, MOST_LEADS, PAGE_SIZE = 10, 30, 300
CHANGES = (kinds.NEW_LEAD, kinds.CHANGE_VALUE)


def routes(world: World, gate: Gate) -> list[Route]:
    """The paths of this part."""

    def types(_: Call) -> dict:
        return {"result": [_described(kind) for kind in (*kinds.TYPES, kinds.DELETE_LEAD)]}

    def paging_token(call: Call) -> dict:
        since = read(call.parameters.get("sinceDatetime", ""))
        if since is None:
            raise Refused("1003", "Invalid value for 'sinceDatetime'. Must be a date-time of ISO 8601.")
        return {"nextPageToken": place_token(world.log.place(since))}

    def activities(call: Call) -> dict:
        wanted = call.values("activityTypeIds")
        if not wanted or not all(value.isdigit() for value in wanted):
            raise Refused("1003", "activityTypeIds must be specified")
        if len(wanted) > MOST_TYPES:
            raise Refused("1003", f"activityTypeIds cannot have more than {MOST_TYPES} values")
        known = {kind.id for kind in (*kinds.TYPES, kinds.DELETE_LEAD)}
        if not known.issuperset(int(value) for value in wanted):
            raise Refused("1003", f"Invalid activityTypeIds specified: {call.parameters['activityTypeIds']}")
        return _page(world, call, tuple(sorted(int(value) for value in wanted if int(value) != kinds.DELETE)))

    def lead_changes(call: Call) -> dict:
        fields = call.values("fields")
        names = {field.name for field in world.fields}
        if not fields or not names.issuperset(fields):
            unknown = [name for name in fields if name not in names]
            raise Refused("1006", f"Field '{unknown[0]}' not found" if unknown else "fields must be specified")
        answered = _page(world, call, CHANGES, tuple(sorted(fields)))
        answered["result"] = [_with_fields(activity) for activity in answered["result"]]
        return answered

    def deleted_leads(call: Call) -> dict:
        return _page(world, call, (kinds.DELETE,))

    return [
        gate.route("/rest/v1/activities/types.json", types),
        gate.route("/rest/v1/activities/pagingtoken.json", paging_token),
        gate.route("/rest/v1/activities.json", activities),
        gate.route("/rest/v1/activities/leadchanges.json", lead_changes),
        gate.route("/rest/v1/activities/deletedleads.json", deleted_leads),
    ]


def _page(world: World, call: Call, type_ids: tuple[int, ...], fields: tuple[str, ...] = ()) -> dict:
    """One page of the log from the token's place on.

    A token is a place in the log; while the pages up to its present end are being read, also that end, and, where
    faults disturb the pages, how many entries have been given.
    """
    if not call.parameters.get("nextPageToken"):
        raise Refused("1003", "nextPageToken must be specified")
    size = max(1, call.number("batchSize", PAGE_SIZE, PAGE_SIZE))
    leads = [int(value) for value in call.values("leadIds") if value.isdigit()]
    if len(leads) > MOST_LEADS:
        raise Refused("1003", f"leadIds cannot have more than {MOST_LEADS} values")
    start, *rest = token_places(call.parameters["nextPageToken"])
    end, given = rest if len(rest) == 2 else (max(start, world.length), 0)
    matching = _matching(world, type_ids, fields)
    entries = matching[np.searchsorted(matching, start) : np.searchsorted(matching, end)]
    if leads:
        entries = entries[np.isin(world.log.leads[entries], leads)]
    entries = entries[world.is_told()[entries]]
    disturbed = np.array(world.state.faults.pages("marketo", entries, size), dtype=int)
    page = disturbed[given : given + size]
    has_more = given + size < len(disturbed)
    if not has_more:
        token = place_token(end)
    elif given or len(disturbed) != len(entries) or (disturbed != entries).any():
        token = place_token(start, end, given + size)
    else:
        token = place_token(int(page[-1]) + 1, end, 0)
    told = [_listed(activity) for activity in world.log.told(page)]
    answered = {"nextPageToken": token, "moreResult": has_more}
    return answered | ({"result": told} if told else {"result": []})


def _matching(world: World, type_ids: tuple[int, ...], fields: tuple[str, ...]) -> np.ndarray:
    """The places in the log of all activities of these kinds (and changes of these fields), known or not yet."""

    def places() -> np.ndarray:
        is_wanted = np.isin(world.log.types, type_ids)
        if fields:
            ids = world.log.rows["primary_id"].to_numpy()
            wanted = [ID_OF[name] for name in fields if name in ID_OF]
            is_wanted &= (world.log.types != kinds.CHANGE_VALUE) | np.isin(ids.astype("int64"), wanted)
        return np.flatnonzero(is_wanted)

    return world.state.at_present(("marketo places", type_ids, fields), places)


def _listed(activity: dict) -> dict:
    attributes = [{"name": name, "value": value} for name, value in activity["attributes"].items()]
    return activity | {"attributes": attributes}


def _with_fields(activity: dict) -> dict:
    """A change as this path gives it: the field by its API name, with the old and the new value."""
    values = {attribute["name"]: attribute["value"] for attribute in activity["attributes"]}
    fields = []
    if activity["activityTypeId"] == kinds.CHANGE_VALUE:
        field = {"id": activity["primaryAttributeValueId"], "name": activity["primaryAttributeValue"]}
        fields = [field | {"newValue": values.get("New Value"), "oldValue": values.get("Old Value")}]
        fields = [{name: value for name, value in field.items() if value is not None} for field in fields]
    told = {name: value for name, value in activity.items() if not name.startswith("primaryAttribute")}
    attributes = [
        attribute for attribute in activity["attributes"] if attribute["name"] not in ("New Value", "Old Value")
    ]
    return told | {"fields": fields, "attributes": attributes}


def _described(kind: kinds.ActivityType) -> dict:
    name, data_type = kind.primary
    return {
        "id": kind.id,
        "name": kind.name,
        "description": kind.description,
        "primaryAttribute": {"name": name, "dataType": data_type},
        "attributes": [{"name": name, "dataType": data_type} for name, data_type in kind.attributes],
    }

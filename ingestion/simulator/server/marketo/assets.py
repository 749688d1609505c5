"""What was made: programs with their costs, smart campaigns, e-mails, forms, pages, folders, channels, tags."""

from collections.abc import Callable

from starlette.routing import Route

from ingestion.simulator.server.marketo.catalogue import UTM_TAG
from ingestion.simulator.server.marketo.gate import Call, Gate, Refused, page_of
from ingestion.simulator.server.marketo.times import read
from ingestion.simulator.server.marketo.world import World

MOST, DEFAULT = 200, 20
NOTHING = "No assets found for the given search criteria."


def routes(world: World, gate: Gate) -> list[Route]:
    """The paths of this part."""
    state = world.state

    def programs(call: Call) -> dict:
        return _page(world, call, world.catalogue.program_records(state.now, is_whole=False))

    def program(call: Call) -> dict:
        return _one(call.path["id"], world.catalogue.program_records(state.now, is_whole=True))

    def program_by_name(call: Call) -> dict:
        return _named(call, world.catalogue.program_records(state.now, is_whole=True))

    def listing(records: Callable[[], list[dict]]) -> Callable[[Call], dict]:
        return lambda call: _page(world, call, records())

    def single(records: Callable[[], list[dict]]) -> Callable[[Call], dict]:
        return lambda call: _one(call.path["id"], records())

    def named(records: Callable[[], list[dict]]) -> Callable[[Call], dict]:
        return lambda call: _named(call, records())

    def tag_types(call: Call) -> dict:
        tag = {"tagType": UTM_TAG, "applicableProgramTypes": "default, nurture", "required": False}
        return _page(world, call, [tag])

    def campaigns(call: Call) -> dict:
        found = world.catalogue.campaign_records(state.now)
        for parameter, name in (("id", "id"), ("name", "name"), ("programName", "programName")):
            wanted = call.values(parameter)
            found = [record for record in found if not wanted or str(record[name]) in wanted]
        return page_of(call, state.faults.pages("marketo", found, 300))

    def campaign(call: Call) -> dict:
        found = [one for one in world.catalogue.campaign_records(state.now) if str(one["id"]) == call.path["id"]]
        if not found:
            raise Refused("1013", "Campaign not found")
        return {"result": found}

    paths = [
        gate.asset_route("/rest/asset/v1/programs.json", programs),
        gate.asset_route("/rest/asset/v1/program/byName.json", program_by_name),
        gate.asset_route("/rest/asset/v1/program/{id}.json", program),
        gate.asset_route("/rest/asset/v1/folders.json", listing(lambda: world.catalogue.folder_records())),
        gate.asset_route("/rest/asset/v1/channels.json", listing(lambda: world.catalogue.channel_records())),
        gate.asset_route("/rest/asset/v1/tagTypes.json", tag_types),
        gate.route("/rest/v1/campaigns.json", campaigns),
        gate.route("/rest/v1/campaigns/{id}.json", campaign),
    ]
    for many, one, records in (
        ("smartCampaigns", "smartCampaign", lambda: world.catalogue.smart_campaign_records(state.now)),
        ("staticLists", "staticList", lambda: world.catalogue.static_list_records()),
        ("emails", "email", lambda: world.catalogue.email_records()),
        ("forms", "form", lambda: world.catalogue.form_records()),
        ("landingPages", "landingPage", lambda: world.catalogue.page_records()),
    ):
        paths += [
            gate.asset_route(f"/rest/asset/v1/{many}.json", listing(records)),
            gate.asset_route(f"/rest/asset/v1/{one}/byName.json", named(records)),
            gate.asset_route(f"/rest/asset/v1/{one}/{{id}}.json", single(records)),
        ]
    return paths


def _page(world: World, call: Call, records: list[dict]) -> dict:
    """One page by offset; beyond the last one there is only a warning, and no result."""
    earliest, latest = (read(call.parameters.get(name, "")) for name in ("earliestUpdatedAt", "latestUpdatedAt"))
    if earliest or latest:
        records = [
            record
            for record in records
            if (not earliest or _moment(record) >= earliest) and (not latest or _moment(record) <= latest)
        ]
    size = max(1, call.number("maxReturn", DEFAULT, MOST))
    if int(call.parameters.get("maxReturn") or DEFAULT) > MOST:
        raise Refused("701", f"maxReturn cannot be more than {MOST}")
    start = call.number("offset", 0, 10**9)
    page = world.state.faults.pages("marketo", records, size)[start : start + size]
    return {"result": page} if page else {"warnings": [NOTHING]}


def _one(number: str, records: list[dict]) -> dict:
    found = [record for record in records if str(record["id"]) == number]
    return {"result": found} if found else {"warnings": [NOTHING]}


def _named(call: Call, records: list[dict]) -> dict:
    found = [record for record in records if record["name"] == call.parameters.get("name")]
    return {"result": found} if found else {"warnings": [NOTHING]}


def _moment(record: dict):
    return read(record["updatedAt"].removesuffix("+0000"))

"""Ad accounts and their edges: campaigns, ad sets and ads, of which archived ones are told only when asked for."""

from collections.abc import Callable

from starlette.routing import Route

from ingestion.simulator.server.meta_ads.gate import Call, Gate, page_of, refusal
from ingestion.simulator.server.meta_ads.world import World


def routes(world: World, gate: Gate) -> list[Route]:
    """The paths of this part."""

    def account(call: Call) -> dict:
        return _chosen(call, world.accounts()[account_of(world, call)])

    def edge(records: Callable[[int], list[dict]]) -> Callable[[Call], dict]:
        return lambda call: _edge(world, call, records(account_of(world, call)))

    return [
        *gate.route("/act_{account:int}", account),
        *gate.route("/act_{account:int}/campaigns", edge(world.campaigns)),
        *gate.route("/act_{account:int}/adsets", edge(world.ad_sets)),
        *gate.route("/act_{account:int}/ads", edge(world.ads)),
    ]


def account_of(world: World, call: Call) -> int:
    """The number of the account that a path names. Raises Refusal where there is none."""
    number = call.path["account"]
    if number not in world.accounts():
        message = f"Unsupported get request. Object with ID 'act_{number}' does not exist"
        raise refusal(100, message, 33)
    return number


def _edge(world: World, call: Call, records: list[dict]) -> dict:
    states = call.json("effective_status") or ["ACTIVE", "PAUSED"]
    found = [_chosen(call, record) for record in records if record["effective_status"] in states]
    return page_of(world.state, call, found)


def _chosen(call: Call, record: dict) -> dict:
    """The fields that were asked for, and the id; a field that Meta has just made comes without being asked for."""
    fields = {field.partition("{")[0] for field in _fields(call.parameters.get("fields", ""))}
    new = {"is_budget_schedule_enabled"}
    return {name: value for name, value in record.items() if name in fields | {"id"} | new}


def _fields(text: str) -> list[str]:
    """The fields on the first level: braces hold those of a field."""
    fields, depth, field = [], 0, ""
    for letter in text + ",":
        depth += (letter == "{") - (letter == "}")
        if letter == "," and not depth:
            fields.append(field.strip())
            field = ""
        else:
            field += letter
    return fields

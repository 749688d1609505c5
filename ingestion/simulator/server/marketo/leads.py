"""People: descriptions of their fields, people by id, filter, list and program, and memberships in programs."""

from starlette.routing import Route

from ingestion.simulator.server.marketo.fields import DEFAULT_FIELDS, SEARCHABLE
from ingestion.simulator.server.marketo.gate import Call, Gate, Refused, page_of
from ingestion.simulator.server.marketo.times import read, written
from ingestion.simulator.server.marketo.world import World

MOST_FILTER_VALUES = 300
LIST = {"id": 1, "name": "All people", "description": "", "workspaceName": "Default"}
MEMBER_FIELDS = (
    ("leadId", "Person Id", "integer"),
    ("programId", "Program Id", "integer"),
    ("statusName", "Program Member Status", "string"),
    ("membershipDate", "Membership Date", "datetime"),
    ("reachedSuccess", "Reached Success", "boolean"),
    ("acquiredBy", "Acquired By", "boolean"),
    ("isExhausted", "Is Exhausted", "boolean"),
    ("nurtureCadence", "Nurture Cadence", "string"),
    ("updatedAt", "Updated At", "datetime"),
)


def routes(world: World, gate: Gate) -> list[Route]:
    """The paths of this part."""

    def describe(_: Call) -> dict:
        return {"result": [_described(field) for field in world.fields]}

    def describe2(_: Call) -> dict:
        fields = [
            {
                "name": field.name,
                "displayName": field.display_name,
                "dataType": field.data_type,
                **({"length": field.length} if field.length else {}),
                "updateable": not field.is_read_only,
                "crmManaged": False,
            }
            for field in world.fields
        ]
        return {"result": [{"name": "API Lead", "searchableFields": [[name] for name in SEARCHABLE], "fields": fields}]}

    def schema_fields(call: Call) -> dict:
        return page_of(call, [_schema_field(field) for field in world.fields])

    def schema_field(call: Call) -> dict:
        return {"result": [_schema_field(field) for field in world.fields if field.name == call.path["name"]]}

    def by_filter(call: Call) -> dict:
        kind, values = call.parameters.get("filterType"), call.values("filterValues")
        if not kind or not values:
            raise Refused("1003", "filterType and filterValues must be specified")
        if len(values) > MOST_FILTER_VALUES:
            raise Refused("1003", f"filterValues cannot have more than {MOST_FILTER_VALUES} values")
        names = {field.name for field in world.fields}
        if kind not in names:
            raise Refused("1003", f"Invalid filterType specified: {kind}")
        people = world.now_people()
        if kind == "id":
            places = world.row_of_id()
            found = sorted({places[int(value)] for value in values if value.isdigit() and int(value) in places})
        else:
            wanted = {value.lower() for value in values}
            found = [row for row, value in enumerate(people[kind]) if str(value).lower() in wanted]
        return _people_page(world, call, found)

    def by_id(call: Call) -> dict:
        place = world.row_of_id().get(int(call.path["lead"])) if call.path["lead"].isdigit() else None
        if place is None:
            raise Refused("1004", "Lead not found")
        return {"result": _told(world, _wanted(world, call), [place])}

    def of_program(call: Call) -> dict:
        members = world.members()
        program = _program(world, call)
        places = world.row_of_id()
        found = [places[lead] for lead in members[members["programId"] == program]["leadId"]]
        answered = _people_page(world, call, found)
        wanted = members[members["programId"] == program].set_index("leadId")
        for person in answered["result"]:
            member = wanted.loc[person["id"]]
            person["membership"] = {
                "membershipDate": written(member["membershipDate"]),
                "progressionStatus": member["statusName"],
                "reachedSuccess": member["statusName"] == "Clicked",
                "acquiredBy": False,
                "isExhausted": False,
                "nurtureCadence": "norm",
                "stream": "",
            }
        return answered

    def members_of_program(call: Call) -> dict:
        program = _program(world, call)
        members = world.members()
        members = members[members["programId"] == program]
        kind, values = call.parameters.get("filterType"), call.values("filterValues")
        if kind == "updatedAt":
            start, end = read(call.parameters.get("startAt", "")), read(call.parameters.get("endAt", ""))
            if start is None:
                raise Refused("1003", "startAt must be specified")
            members = members[(members["updatedAt"] >= start) & (members["updatedAt"] <= (end or world.state.now))]
        elif kind in {name for name, _, _ in MEMBER_FIELDS} and values:
            told = [_member(row) for row in members.to_dict("records")]
            return page_of(call, _numbered([row for row in told if str(row[kind]) in values]))
        else:
            raise Refused("1003", f"Invalid filterType specified: {kind}")
        return page_of(call, _numbered([_member(row) for row in members.to_dict("records")]))

    def describe_members(_: Call) -> dict:
        fields = [
            {"name": name, "displayName": label, "dataType": kind, "updateable": False, "crmManaged": False}
            for name, label, kind in MEMBER_FIELDS
        ]
        start = written(world.state.story.start)
        described = {
            "name": "API Program Membership",
            "description": "API Program Membership Map",
            "createdAt": start,
            "updatedAt": start,
            "dedupeFields": ["leadId", "programId"],
            "searchableFields": [["leadId"], ["reachedSuccess"], ["statusName"], ["updatedAt"]],
            "fields": fields,
        }
        return {"result": [described]}

    def memberships_of_person(call: Call) -> dict:
        members = world.members()
        own = members[members["leadId"] == int(call.path["lead"])]
        return page_of(
            call,
            [
                {
                    "id": row["programId"],
                    "progressionStatus": row["statusName"],
                    "stream": "",
                    "nurtureCadence": "norm",
                    "isExhausted": False,
                    "acquiredBy": False,
                    "reachedSuccess": row["statusName"] == "Clicked",
                    "membershipDate": written(row["membershipDate"]),
                    "updatedAt": written(row["updatedAt"]),
                }
                for row in own.to_dict("records")
            ],
        )

    def partitions(_: Call) -> dict:
        return {"result": [{"id": 1, "name": "Default", "description": "Initial system partition"}]}

    def lists(call: Call) -> dict:
        start = written(world.state.story.start)
        found = [LIST | {"createdAt": start, "updatedAt": start}]
        wanted_ids, wanted_names = call.values("id"), call.values("name")
        if (wanted_ids and str(LIST["id"]) not in wanted_ids) or (wanted_names and LIST["name"] not in wanted_names):
            found = []
        return page_of(call, found)

    def one_list(call: Call) -> dict:
        if call.path["list"] != str(LIST["id"]):
            raise Refused("1013", "List not found")
        start = written(world.state.story.start)
        return {"result": [LIST | {"createdAt": start, "updatedAt": start}]}

    def of_list(call: Call) -> dict:
        one_list(call)
        return _people_page(world, call, list(range(len(world.now_people()))))

    return [
        gate.route("/rest/v1/leads/describe.json", describe),
        gate.route("/rest/v1/leads/describe2.json", describe2),
        gate.route("/rest/v1/leads/schema/fields.json", schema_fields),
        gate.route("/rest/v1/leads/schema/fields/{name}.json", schema_field),
        gate.route("/rest/v1/leads/partitions.json", partitions),
        gate.route("/rest/v1/leads.json", by_filter),
        gate.route("/rest/v1/lead/{lead}.json", by_id),
        gate.route("/rest/v1/leads/programs/{program}.json", of_program),
        gate.route("/rest/v1/leads/{lead}/programMembership.json", memberships_of_person),
        gate.route("/rest/v1/programs/members/describe.json", describe_members),
        gate.route("/rest/v1/programs/{program}/members.json", members_of_program),
        gate.route("/rest/v1/lists.json", lists),
        gate.route("/rest/v1/lists/{list}.json", one_list),
        gate.route("/rest/v1/lists/{list}/leads.json", of_list),
        gate.route("/rest/v1/list/{list}/leads.json", of_list),
    ]


def member_rows(world: World) -> list[dict]:
    """All memberships in the fields of MEMBER_FIELDS."""
    return [_member(row) for row in world.members().to_dict("records")]


def _member(row: dict) -> dict:
    return {
        "leadId": row["leadId"],
        "programId": row["programId"],
        "statusName": row["statusName"],
        "membershipDate": written(row["membershipDate"]),
        "reachedSuccess": row["statusName"] == "Clicked",
        "acquiredBy": False,
        "isExhausted": False,
        "nurtureCadence": "norm",
        "updatedAt": written(row["updatedAt"]),
    }


def _numbered(rows: list[dict]) -> list[dict]:
    return [{"seq": number, **row} for number, row in enumerate(rows)]


def _program(world: World, call: Call) -> int:
    number = int(call.path["program"]) if call.path["program"].isdigit() else 0
    if number not in world.catalogue.program_names:
        raise Refused("1013", "Program not found")
    return number


def _wanted(world: World, call: Call) -> list[str]:
    names = call.values("fields") or list(DEFAULT_FIELDS)
    known = {field.name for field in world.fields}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Refused("1006", f"Field '{unknown[0]}' not found")
    return list(dict.fromkeys(["id", *names]))


def _people_page(world: World, call: Call, places: list[int]) -> dict:
    names = _wanted(world, call)
    size = call.number("batchSize", 300, 300)
    answered = page_of(call, world.state.faults.pages("marketo", places, size))
    return answered | {"result": _told(world, names, answered["result"])}


def _told(world: World, names: list[str], places: list[int]) -> list[dict]:
    return world.now_people()[names].iloc[places].to_dict("records")


def _described(field) -> dict:
    rest = {"name": field.name, "readOnly": field.is_read_only}
    soap = {"name": field.name[0].upper() + field.name[1:], "readOnly": field.is_read_only}
    length = {"length": field.length} if field.length else {}
    return {
        "id": field.id,
        "displayName": field.display_name,
        "dataType": field.data_type,
        **length,
        "rest": rest,
        "soap": soap,
    }


def _schema_field(field) -> dict:
    return {
        "name": field.name,
        "displayName": field.display_name,
        "description": "",
        "dataType": field.data_type,
        **({"length": field.length} if field.length else {}),
        "isHidden": False,
        "isHtmlEncodingInEmail": True,
        "isSensitive": False,
        "isCustom": field.is_custom,
        "isApiCreated": False,
    }

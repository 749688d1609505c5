"""The CRM: objects, search, batch reads, associations, owners, pipelines, properties."""

from functools import partial
from typing import Any

import numpy as np
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.hubspot import catalogue, search
from ingestion.simulator.server.hubspot.answers import (
    Gate,
    answer,
    body_of,
    invalid,
    listed,
    not_found,
    page,
    refusal,
    whole_number,
)
from ingestion.simulator.server.hubspot.listing import Listing
from ingestion.simulator.server.hubspot.portal import Association, Portal, role_numbers, written_types
from ingestion.simulator.server.hubspot.records import Records, iso
from ingestion.simulator.server.hubspot.search import Associated

SCOPES = {
    "contacts": "crm.objects.contacts.read",
    "companies": "crm.objects.companies.read",
    "deals": "crm.objects.deals.read",
    "emails": "sales-email-read",
}
SCHEMA_SCOPES = {
    "contacts": "crm.schemas.contacts.read",
    "companies": "crm.schemas.companies.read",
    "deals": "crm.schemas.deals.read",
}


def scope_of(request: Request) -> str:
    """The scope that reading an object takes; engagements take that of contacts."""
    named = request.path_params.get("object_type") or request.path_params.get("of") or ""
    return SCOPES.get(catalogue.object_type(named) or "", SCOPES["contacts"])


def schema_scope_of(request: Request) -> str:
    """The scope that reading an object's properties takes."""
    return SCHEMA_SCOPES.get(
        catalogue.object_type(request.path_params.get("object_type", "")) or "", SCHEMA_SCOPES["contacts"]
    )


class Objects:
    """The handlers of the CRM's paths."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def type_of(self, request: Request, name: str = "object_type") -> str:
        """The object type that a path names. Raises Refusal where there is none."""
        named = request.path_params[name]
        of = catalogue.object_type(named)
        if of is None:
            raise refusal(400, "VALIDATION_ERROR", f"Unable to infer object type from: {named}")
        return of

    async def listing(self, request: Request) -> Response:
        """Live or archived records in the order of their ids."""
        of = self.type_of(request)
        records = self.portal.records(of)
        history = listed(request, "propertiesWithHistory")
        size = whole_number(request.query_params.get("limit"), "limit", 10, 50 if history else 100)
        is_archived = request.query_params.get("archived", "false").lower() == "true"
        listing = self.portal.at_present(
            ("listing", of, is_archived, size, repr(self.portal.state.faults.shares)),
            lambda: self._listing(records, records.gone if is_archived else records.live, size),
        )
        rows, after = listing.page(request.query_params.get("after"), size)
        link = str(request.url.include_query_params(after=after))
        paging = {"paging": {"next": {"after": after, "link": link}}} if after else {}
        properties = listed(request, "properties") or catalogue.defaults(of)
        results = [self.written(records, place, properties, history) for place in rows]
        for name in listed(request, "associations"):
            self._associate(of, name, results, request)
        return answer({"results": results} | paging)

    def _listing(self, records: Records, places: list[int], size: int) -> Listing:
        keys = np.array([int(records.ids[place]) for place in places], dtype="int64")
        return Listing.of(self.portal, np.array(places, dtype="int64"), keys, size)

    def written(
        self, records: Records, place: int, properties: Any, history: Any = (), was: str | None = None
    ) -> dict[str, Any]:
        """One record, with the field that only a changed vendor gives."""
        required = ["hs_object_id", "createdate", "lastmodifieddate", "hs_createdate", "hs_lastmodifieddate"]
        always = [name for name in required if name in catalogue.PROPERTIES[records.object_type]]
        record = records.written(place, dict.fromkeys([*properties, *always]), history)
        if self.portal.has("new_field"):
            record["url"] = f"https://app.hubspot.com/contacts/148000001/record/{record['id']}"
        return record

    def _associate(self, of: str, name: str, results: list[dict[str, Any]], request: Request) -> None:
        to = catalogue.object_type(name)
        if to is None:
            raise invalid(f"Unable to infer object type from: {name}")
        associations = self.portal.associations(of, to)
        for record in results:
            others = associations.get(record["id"])
            if others:
                record.setdefault("associations", {})[to] = {"results": _v3_rows(of, to, others)}

    async def one(self, request: Request) -> Response:
        """A record by its id, or by another property whose values are unique."""
        of = self.type_of(request)
        records = self.portal.records(of)
        own = request.path_params["id"]
        by = request.query_params.get("idProperty")
        place = records.find(own) if by in (None, "", "hs_object_id") else records.find_by(by, own)
        is_archived = request.query_params.get("archived", "false").lower() == "true"
        if place is None or bool(records.archived[place]) != is_archived:
            raise not_found()
        properties = listed(request, "properties") or catalogue.defaults(of)
        record = self.written(records, place, properties, listed(request, "propertiesWithHistory"))
        for name in listed(request, "associations"):
            self._associate(of, name, [record], request)
        return answer(record)

    async def search(self, request: Request) -> Response:
        """Live records by filters, at most 10,000 of them."""
        of = self.type_of(request)
        body = await body_of(request)
        records = self.portal.records(of)
        size = whole_number(body.get("limit"), "limit", 10, 200)
        start = whole_number(body.get("after"), "after", 0, 10**9, least=0)
        if start + size > search.MOST_RESULTS:
            raise invalid(
                f"There was a problem with the request: paging beyond {search.MOST_RESULTS} results is not supported"
            )
        asked = {name: body.get(name) for name in ("filterGroups", "filters", "query", "sorts")}
        shares = repr(self.portal.state.faults.shares)
        name = ("search", of, size, shares, orjson.dumps(asked))
        find = partial(search.found, records, body, self._associated(of))
        places = self.portal.at_present(name, lambda: self.portal.pages(find(), size))
        properties = body.get("properties") or catalogue.defaults(of)
        results = [self.written(records, place, properties) for place in places[start : start + size]]
        answered: dict[str, Any] = {"total": len(set(places)), "results": results}
        if start + size < len(places):
            answered["paging"] = {"next": {"after": str(start + size)}}
        return answer(answered)

    def _associated(self, of: str) -> Associated:
        def ids(named: str) -> dict[str, list[str]] | None:
            to = catalogue.object_type(named)
            if to is None:
                return None
            known = self.portal.associations(of, to)
            return {own: [other for other, _ in others] for own, others in known.items()}

        return ids

    async def batch_read(self, request: Request) -> Response:
        """Up to 100 records by id, 50 with history; the id of what was merged away gives what it became."""
        of = self.type_of(request)
        body = await body_of(request)
        records = self.portal.records(of)
        history = body.get("propertiesWithHistory") or []
        inputs = [str(one.get("id")) for one in body.get("inputs") or []]
        most = 50 if history else 100
        if not inputs:
            raise invalid("Invalid input JSON: inputs must not be empty")
        if len(inputs) > most:
            raise invalid(f"Invalid input JSON: the maximum number of inputs is {most}, was {len(inputs)}")
        by = body.get("idProperty")
        is_archived = request.query_params.get("archived", "false").lower() == "true"
        results, missing = [], []
        for own in dict.fromkeys(inputs):
            place = records.find(own) if by in (None, "", "hs_object_id") else records.find_by(by, own)
            if place is None or bool(records.archived[place]) != is_archived:
                missing.append(own)
            else:
                results.append(self.written(records, place, body.get("properties") or catalogue.defaults(of), history))
        message = "Could not get some objects, they may be deleted or not exist. Check that ids are valid."
        return _batch_answer(self.portal, results, missing, message)

    async def associations_of_one(self, request: Request) -> Response:
        """What one record is associated with (v4)."""
        of, to = self.type_of(request, "of"), self.type_of(request, "to")
        if self.portal.records(of).find(request.path_params["id"]) is None:
            raise not_found()
        size = whole_number(request.query_params.get("limit"), "limit", 500, 500)
        rows, paging = page(
            request,
            self.portal.associations(of, to).get(request.path_params["id"], []),
            _after(request),
            size,
        )
        results = [{"toObjectId": int(other), "associationTypes": written_types(types)} for other, types in rows]
        return answer({"results": results} | paging)

    async def associations(self, request: Request) -> Response:
        """What up to 1,000 records are associated with (v4)."""
        of, to = self.type_of(request, "of"), self.type_of(request, "to")
        inputs = [str(one.get("id")) for one in (await body_of(request)).get("inputs") or []]
        if not inputs or len(inputs) > 1000:
            raise invalid(f"Invalid input JSON: between 1 and 1000 inputs are allowed, were {len(inputs)}")
        known = self.portal.associations(of, to)
        results, missing = [], []
        for own in dict.fromkeys(inputs):
            others = known.get(own)
            if not others:
                missing.append(own)
                continue
            rows = [{"toObjectId": int(other), "associationTypes": written_types(types)} for other, types in others]
            results.append({"from": {"id": own}, "to": rows})
        message = f"No {to.removesuffix('s')} is associated with {of.removesuffix('s')}"
        return _batch_answer(self.portal, results, missing, message, "crm.associations.NO_ASSOCIATIONS_FOUND")

    async def associations_of_one_v3(self, request: Request) -> Response:
        """What one record is associated with (v3)."""
        of, to = self.type_of(request, "of"), self.type_of(request, "to")
        if self.portal.records(of).find(request.path_params["id"]) is None:
            raise not_found()
        size = whole_number(request.query_params.get("limit"), "limit", 500, 500)
        known = self.portal.associations(of, to).get(request.path_params["id"], [])
        rows, paging = page(request, known, _after(request), size)
        return answer({"results": _v3_rows(of, to, rows)} | paging)

    async def associations_v3(self, request: Request) -> Response:
        """What up to 1,000 records are associated with (v3); those without associations are left out."""
        of, to = self.type_of(request, "of"), self.type_of(request, "to")
        inputs = [str(one.get("id")) for one in (await body_of(request)).get("inputs") or []]
        if not inputs or len(inputs) > 1000:
            raise invalid(f"Invalid input JSON: between 1 and 1000 inputs are allowed, were {len(inputs)}")
        known = self.portal.associations(of, to)
        results = [
            {"from": {"id": own}, "to": _v3_rows(of, to, known[own])} for own in dict.fromkeys(inputs) if own in known
        ]
        return _batch_answer(self.portal, results, [], "")

    async def labels(self, request: Request) -> Response:
        """The types and labels of associations between two object types."""
        of, to = self.type_of(request, "of"), self.type_of(request, "to")
        labels = [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}]
        if (of, to) == ("deals", "contacts"):
            roles = role_numbers(self.portal.company.deal_people["role"])
            own = [{"category": "USER_DEFINED", "typeId": number, "label": label} for label, number in roles.items()]
            labels = [{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}, *own]
        elif (of, to) == ("contacts", "companies"):
            labels.append({"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"})
        return answer({"results": labels})

    async def owners(self, request: Request) -> Response:
        """Who can own records; archived=true gives those who have left."""
        is_archived = request.query_params.get("archived", "false").lower() == "true"
        size = whole_number(request.query_params.get("limit"), "limit", 100, 500)
        rows = self.portal.pages(catalogue.owners(self.portal.company.users, is_archived), size)
        if email := request.query_params.get("email"):
            rows = [owner for owner in rows if owner["email"] == email]
        rows, paging = page(request, rows, _after(request), size)
        return answer({"results": rows} | paging)

    async def owner(self, request: Request) -> Response:
        """One owner by id, or by user number with idProperty=userId."""
        by = "userIdIncludingInactive" if request.query_params.get("idProperty") == "userId" else "id"
        for is_archived in (False, True):
            for owner in catalogue.owners(self.portal.company.users, is_archived):
                if str(owner[by]) == request.path_params["id"]:
                    return answer(owner)
        raise not_found()

    async def pipelines(self, request: Request) -> Response:
        """The pipelines of deals."""
        if self.type_of(request) != "deals":
            return answer({"results": []})
        return answer({"results": catalogue.pipelines()})

    async def pipeline(self, request: Request) -> Response:
        """One pipeline, its stages, or one of them."""
        wanted = request.path_params.get("stage")
        for pipeline in catalogue.pipelines():
            if pipeline["id"] != request.path_params["id"] or self.type_of(request) != "deals":
                continue
            if wanted is None:
                return answer({"results": pipeline["stages"]} if request.url.path.endswith("/stages") else pipeline)
            for stage in pipeline["stages"]:
                if stage["id"] == wanted:
                    return answer(stage)
        raise not_found()

    async def properties(self, request: Request) -> Response:
        """The definitions of an object's properties."""
        of = self.type_of(request)
        is_archived = request.query_params.get("archived", "false").lower() == "true"
        return answer({"results": [] if is_archived else catalogue.properties(of, self.portal.has("new_field"))})

    async def property(self, request: Request) -> Response:
        """One property, or the groups."""
        of, name = self.type_of(request), request.path_params["name"]
        if name == "groups":
            return answer({"results": catalogue.groups(of)})
        for definition in catalogue.properties(of, self.portal.has("new_field")):
            if definition["name"] == name:
                return answer(definition)
        raise not_found(f"Property '{name}' does not exist")

    async def properties_v2(self, request: Request) -> Response:
        """The definitions of an object's properties, as a plain list."""
        return answer(catalogue.properties(self.type_of(request), self.portal.has("new_field")))

    async def properties_read(self, request: Request) -> Response:
        """Properties by their names."""
        of = self.type_of(request)
        wanted = {str(one.get("name")) for one in (await body_of(request)).get("inputs") or []}
        definitions = catalogue.properties(of, self.portal.has("new_field"))
        results = [definition for definition in definitions if definition["name"] in wanted]
        missing = sorted(wanted - {definition["name"] for definition in results})
        return _batch_answer(self.portal, results, missing, "Could not get some properties, they may not exist.")

    async def schemas(self, request: Request) -> Response:
        """The custom objects: there are none. One standard object's schema is given by name."""
        named = request.path_params.get("object_type")
        return answer(catalogue.schema(self.type_of(request)) if named else {"results": []})


def _v3_rows(of: str, to: str, others: list[Association]) -> list[dict[str, str]]:
    """Associations with a type by name, as everything but the v4 API gives them."""
    kind = f"{catalogue.singular(of)}_to_{catalogue.singular(to)}"
    return [{"id": other, "type": kind} for other, _ in others]


def _after(request: Request) -> int:
    return whole_number(request.query_params.get("after"), "after", 0, 10**9, least=0)


def _batch_answer(
    portal: Portal, results: list[Any], missing: list[str], message: str, sub_category: str = "crm.objects"
) -> Response:
    moment = iso(int(portal.state.now.timestamp() * 1000))
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
    if not missing:
        return answer(body)
    errors = [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": sub_category,
            "message": message,
            "context": {"ids": missing},
        }
    ]
    return answer(body | {"numErrors": 1, "errors": errors}, 207)


def routes(portal: Portal, gate: Gate) -> list[Route]:
    """The paths of the CRM."""
    crm = Objects(portal)
    objects = "/crm/v3/objects/{object_type}"
    v4 = "/crm/v4/objects/{of}/{id}/associations/{to}"
    deals = SCOPES["deals"]
    return [
        Route(f"{objects}/search", gate.guarded(crm.search, scope_of), methods=["POST"]),
        Route(f"{objects}/batch/read", gate.guarded(crm.batch_read, scope_of), methods=["POST"]),
        Route(objects, gate.guarded(crm.listing, scope_of)),
        Route(f"{objects}/", gate.guarded(crm.listing, scope_of)),
        Route(f"{objects}/{{id}}", gate.guarded(crm.one, scope_of)),
        Route(v4, gate.guarded(crm.associations_of_one, scope_of)),
        Route("/crm/v3/objects/{of}/{id}/associations/{to}", gate.guarded(crm.associations_of_one_v3, scope_of)),
        Route(
            "/crm/v3/associations/{of}/{to}/batch/read", gate.guarded(crm.associations_v3, scope_of), methods=["POST"]
        ),
        Route("/crm/v4/associations/{of}/{to}/batch/read", gate.guarded(crm.associations, scope_of), methods=["POST"]),
        Route("/crm/v4/associations/{of}/{to}/labels", gate.guarded(crm.labels, scope_of)),
        Route("/crm/v3/owners", gate.guarded(crm.owners, "crm.objects.owners.read")),
        Route("/crm/v3/owners/", gate.guarded(crm.owners, "crm.objects.owners.read")),
        Route("/crm/v3/owners/{id}", gate.guarded(crm.owner, "crm.objects.owners.read")),
        Route("/crm/v3/pipelines/{object_type}", gate.guarded(crm.pipelines, deals)),
        Route("/crm/v3/pipelines/{object_type}/{id}", gate.guarded(crm.pipeline, deals)),
        Route("/crm/v3/pipelines/{object_type}/{id}/stages", gate.guarded(crm.pipeline, deals)),
        Route("/crm/v3/pipelines/{object_type}/{id}/stages/{stage}", gate.guarded(crm.pipeline, deals)),
        Route(
            "/crm/v3/properties/{object_type}/batch/read",
            gate.guarded(crm.properties_read, schema_scope_of),
            methods=["POST"],
        ),
        Route("/properties/v2/{object_type}/properties", gate.guarded(crm.properties_v2, schema_scope_of)),
        Route("/crm/v3/properties/{object_type}", gate.guarded(crm.properties, schema_scope_of)),
        Route("/crm/v3/properties/{object_type}/{name}", gate.guarded(crm.property, schema_scope_of)),
        Route("/crm/v3/schemas", gate.guarded(crm.schemas, "oauth")),
        Route("/crm-object-schemas/v3/schemas", gate.guarded(crm.schemas, "oauth")),
        Route("/crm-object-schemas/v3/schemas/{object_type}", gate.guarded(crm.schemas, schema_scope_of)),
        Route("/crm/v3/schemas/{object_type}", gate.guarded(crm.schemas, schema_scope_of)),
    ]

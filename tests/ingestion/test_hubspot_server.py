"""The simulated HubSpot speaks as HubSpot does: its official client reads from it, limits and refusals are its own."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
from hubspot import HubSpot
from hubspot.crm.contacts import BatchReadInputSimplePublicObjectId, PublicObjectSearchRequest
from hubspot_serving import serving

from ingestion.simulator.chronicle import chronicle
from ingestion.simulator.server.hubspot import answers
from ingestion.simulator.server.hubspot import search as searching
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import Setup, hubspot_id

NOW = datetime(2026, 9, 1, 6)


@pytest.fixture(scope="module")
def state() -> State:
    story = chronicle(220, 11, NOW, days_ahead=20)
    leads = story.entities["leads"]
    known = leads[(leads["created_at"] < "2026-06-01") & (leads["merged_at"].isna()) & (leads["erased_at"].isna())]
    losers, winners, archived, erased = known.index[10], known.index[11], known.index[12], known.index[13]
    leads.loc[losers, ["merged_into_lead_id", "merged_at"]] = (leads["lead_id"][winners], datetime(2026, 8, 1))
    leads.loc[archived, "deleted_at"] = datetime(2026, 8, 2)
    leads.loc[erased, "erased_at"] = datetime(2026, 8, 3)
    made = State(story, NOW, Setup.HUBSPOT)
    made.picked = [hubspot_id(leads["lead_id"][row]) for row in (losers, winners, archived, erased)]
    return made


@pytest.fixture(scope="module")
def url(state: State) -> Iterator[str]:
    with serving(state) as address:
        yield address


@pytest.fixture(scope="module")
def official(url: str) -> HubSpot:
    return HubSpot(access_token="made-up", host=url)


@pytest.fixture(scope="module")
def ask(url: str):
    def send(path: str, body: dict | None = None, token: str = "made-up", **parameters: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        method = "GET" if body is None else "POST"
        return requests.request(method, url + path, json=body, params=parameters, headers=headers, timeout=10)

    return send


def test_the_official_client_pages_through_all_contacts(official, ask):
    contacts = official.crm.contacts.get_all(properties=["email", "lifecyclestage"])
    assert len(contacts) == ask("/crm/v3/objects/contacts/search", {}).json()["total"]
    assert all(contact.properties["email"] for contact in contacts)
    assert len({contact.id for contact in contacts}) == len(contacts)


def test_the_official_client_reads_histories_newest_first(official):
    page = official.crm.contacts.basic_api.get_page(limit=50, properties_with_history=["lifecyclestage"])
    histories = [contact.properties_with_history["lifecyclestage"] for contact in page.results]
    assert any(len(history) > 1 for history in histories)
    for history in histories:
        assert [entry.timestamp for entry in history] == sorted((entry.timestamp for entry in history), reverse=True)


def test_the_official_client_searches_and_reads_in_batches(official):
    request = PublicObjectSearchRequest(
        filter_groups=[
            {"filters": [{"propertyName": "lifecyclestage", "operator": "EQ", "value": "marketingqualifiedlead"}]}
        ],
        sorts=[{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        properties=["lifecyclestage"],
        limit=200,
    )
    found = official.crm.contacts.search_api.do_search(request)
    assert found.total == len(found.results) > 5
    assert {contact.properties["lifecyclestage"] for contact in found.results} == {"marketingqualifiedlead"}
    batch = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": contact.id} for contact in found.results[:50]],
        properties=["email"],
        properties_with_history=["lifecyclestage"],
    )
    assert len(official.crm.contacts.batch_api.read(batch).results) == len(found.results[:50])


def test_the_official_client_reads_the_rest_of_the_account(official):
    assert official.crm.companies.basic_api.get_page(limit=5).results
    deals = official.crm.deals.basic_api.get_page(limit=50, associations=["contacts"]).results
    deal = next(deal for deal in deals if deal.associations)
    assert official.crm.associations.v4.basic_api.get_page("deals", deal.id, "contacts").results
    assert official.crm.owners.owners_api.get_page(limit=3).results
    assert official.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    assert official.crm.properties.core_api.get_all("contacts").results
    for name in ("meetings", "calls", "emails", "tasks", "notes"):
        assert official.crm.objects.basic_api.get_page(name, limit=1).results, name
    assert official.events.events_api.get_page(object_type="contact", event_type="e_visited_page").results
    assert official.marketing.forms.forms_api.get_page(limit=2).results
    assert official.communication_preferences.definition_api.get_page().subscription_definitions


def test_a_merged_contact_lives_on_in_the_winner(ask, state):
    loser, winner, _, _ = state.picked
    asked = {"properties": "hs_merged_object_ids,hs_calculated_merged_vids,hs_additional_emails"}
    record = ask(f"/crm/v3/objects/contacts/{loser}", **asked).json()
    assert record["id"] == winner
    assert record["properties"]["hs_merged_object_ids"] == loser
    assert record["properties"]["hs_calculated_merged_vids"].startswith(f"{loser}:")
    assert "@" in record["properties"]["hs_additional_emails"]


def test_an_archived_contact_is_listed_as_such_and_nowhere_else(ask, state):
    archived = state.picked[2]
    listed = ask("/crm/v3/objects/contacts", archived="true", limit=100).json()["results"]
    assert archived in {record["id"] for record in listed}
    assert all(record["archived"] and record["archivedAt"] for record in listed)
    assert ask(f"/crm/v3/objects/contacts/{archived}").status_code == 404
    batch = ask("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": archived}]})
    assert (batch.status_code, batch.json()["results"]) == (207, [])


def test_an_erased_contact_is_nowhere(ask, state):
    erased = state.picked[3]
    assert ask(f"/crm/v3/objects/contacts/{erased}").status_code == 404
    assert ask(f"/crm/v3/objects/contacts/{erased}", archived="true").status_code == 404
    assert ask("/events/v3/events", objectType="contact", objectId=erased).json()["results"] == []


@pytest.mark.parametrize(
    "path, body, parameters",
    [
        ("/crm/v3/objects/contacts", None, {"limit": 101}),
        ("/crm/v3/objects/contacts", None, {"limit": 51, "propertiesWithHistory": "email"}),
        ("/crm/v3/objects/contacts/search", {"limit": 201}, {}),
        ("/crm/v3/objects/contacts/search", {"limit": 200, "after": 9_900}, {}),
        ("/crm/v3/objects/contacts/batch/read", {"inputs": [{"id": str(n)} for n in range(101)]}, {}),
        ("/crm/v3/objects/unicorns", None, {}),
    ],
)
def test_what_hubspot_refuses_is_refused_in_its_words(ask, path, body, parameters):
    response = ask(path, body, **parameters)
    assert response.status_code == 400
    told = response.json()
    assert (told["status"], told["category"]) == ("error", "VALIDATION_ERROR")
    assert told["message"] and told["correlationId"]


OPERATORS = [
    ({"operator": "HAS_PROPERTY"}, lambda value: bool(value)),
    ({"operator": "NOT_HAS_PROPERTY"}, lambda value: not value),
    ({"operator": "EQ", "value": "DE"}, lambda value: value == "DE"),
    ({"operator": "NEQ", "value": "DE"}, lambda value: value != "DE"),
    ({"operator": "IN", "values": ["DE", "AT"]}, lambda value: value in ("DE", "AT")),
    ({"operator": "NOT_IN", "values": ["DE", "AT"]}, lambda value: value not in ("DE", "AT")),
    ({"operator": "CONTAINS_TOKEN", "value": "p*"}, lambda value: "p" in (value or "").lower()),
]


@pytest.mark.parametrize("condition, test", OPERATORS, ids=[given["operator"] for given, _ in OPERATORS])
def test_search_filters_mean_what_they_say(ask, condition, test):
    filters = [{"propertyName": "country", **condition}]
    found = ask(
        "/crm/v3/objects/contacts/search",
        {"filterGroups": [{"filters": filters}], "properties": ["country"], "limit": 200},
    ).json()
    everyone = ask("/crm/v3/objects/contacts/search", {"properties": ["country"], "limit": 200}).json()["results"]
    wanted = {one["id"] for one in everyone if test(one["properties"]["country"])}
    assert {one["id"] for one in found["results"]} & {one["id"] for one in everyone} == wanted


def test_a_token_that_is_wrong_expired_or_lacks_a_scope_is_told_so(ask):
    assert ask("/crm/v3/owners", token="nonsense").json()["category"] == "INVALID_AUTHENTICATION"
    refused = ask("/crm/v3/owners", token="made-up!crm.objects.owners.read")
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    scopes = refused.json()["errors"][0]["context"]["requiredGranularScopes"]
    assert scopes == ["crm.objects.owners.read"]


def test_an_oauth_token_is_good_for_half_an_hour(ask, url, monkeypatch):
    form = {
        "grant_type": "refresh_token",
        "client_id": "funnelhouse",
        "client_secret": "made-up",
        "refresh_token": "made-up",
    }
    granted = requests.post(f"{url}/oauth/v1/token", data=form, timeout=10).json()
    assert granted["expires_in"] == 1800
    assert ask("/account-info/v3/details", token=granted["access_token"]).json()["portalId"]
    details = requests.get(f"{url}/oauth/v1/access-tokens/{granted['access_token']}", timeout=10).json()
    assert "crm.objects.contacts.read" in details["scopes"]
    monkeypatch.setattr(answers.time, "monotonic", lambda: 10**9)
    expired = ask("/account-info/v3/details", token=granted["access_token"])
    assert (expired.status_code, expired.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_every_answer_says_what_may_still_be_asked(ask, monkeypatch):
    headers = ask("/crm/v3/owners").headers
    assert int(headers["X-HubSpot-RateLimit-Daily-Remaining"]) < int(headers["X-HubSpot-RateLimit-Daily"])
    assert headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    monkeypatch.setattr(answers, "DAILY_LIMIT", 1)
    refused = ask("/crm/v3/owners")
    assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")


def test_email_events_come_newest_first_and_within_the_moments_asked_for(ask):
    events = ask("/email/public/v1/events", limit=1000).json()["events"]
    created = [event["created"] for event in events]
    assert created == sorted(created, reverse=True)
    bounds = {"startTimestamp": created[200], "endTimestamp": created[100]}
    within = ask("/email/public/v1/events", limit=1000, **bounds).json()
    assert [event["id"] for event in within["events"]] == [
        event["id"] for event in events if created[200] <= event["created"] <= created[100]
    ]
    first = ask("/email/public/v1/events", limit=10).json()
    second = ask("/email/public/v1/events", limit=10, offset=first["offset"]).json()
    assert [event["id"] for event in [*first["events"], *second["events"]]] == [event["id"] for event in events[:20]]


def test_a_form_gives_what_was_sent_in_fifty_at_a_time(ask):
    form = ask("/marketing/v3/forms", limit=1).json()["results"][0]
    path = f"/form-integrations/v1/submissions/forms/{form['id']}"
    assert ask(path, limit=51).status_code == 400
    page = ask(path, limit=2).json()
    assert len(page["results"]) == 2
    assert ask(path, limit=2, after=page["paging"]["next"]["after"]).json()["results"][0] not in page["results"]


def test_ten_thousand_results_are_the_most_a_search_gives(ask, monkeypatch):
    monkeypatch.setattr(searching, "MOST_RESULTS", 20)
    assert ask("/crm/v3/objects/contacts/search", {"limit": 10, "after": 10_000}).status_code == 400


@pytest.mark.parametrize(
    ("numbered", "dated"),
    [
        ("/crm/v3/objects/deals", "/crm/objects/2026-03/deals"),
        ("/crm/v3/owners", "/crm/owners/2026-09"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-03/deals"),
        ("/crm/v3/properties/contacts", "/crm/properties/2026-03/contacts"),
        ("/crm/v4/associations/deals/contacts/labels", "/crm/associations/2026-03/deals/contacts/labels"),
        ("/marketing/v3/forms", "/marketing/forms/2026-03"),
        ("/marketing/v3/campaigns", "/marketing/campaigns/2026-09"),
        ("/communication-preferences/v4/definitions", "/communication-preferences/2026-03/definitions"),
        ("/events/v3/events/event-types", "/events/event-occurrences/2026-03/event-types"),
        ("/account-info/v3/details", "/account-info/2026-03/details"),
    ],
)
def test_a_dated_release_answers_as_the_numbered_version_does(ask, numbered, dated):
    dated_answer, numbered_answer = ask(dated).json(), ask(numbered).json()
    dated_answer.pop("paging", None), numbered_answer.pop("paging", None)
    assert dated_answer == numbered_answer


def deal_with_people(ask) -> dict:
    deals = ask("/crm/v3/objects/deals", limit=100, associations="contacts").json()["results"]
    return next(deal for deal in deals if "associations" in deal)


def test_associations_of_a_record_have_the_v4_shape_in_a_release_and_names_in_v3(ask):
    deal = deal_with_people(ask)
    [contact] = deal["associations"]["contacts"]["results"][:1]
    assert contact["type"] == "deal_to_contact"
    path = f"objects/{{}}deals/{deal['id']}/associations/contacts"
    dated = ask("/crm/" + path.format("2026-03/")).json()["results"]
    assert dated == ask("/crm/v4/" + path.format("")).json()["results"]
    assert [str(one["toObjectId"]) for one in dated][:1] == [contact["id"]]
    assert ask("/crm/v3/" + path.format("")).json()["results"][:1] == [contact]
    body = {"inputs": [{"id": deal["id"]}, {"id": "1"}]}
    [of_deal] = ask("/crm/v3/associations/deals/contacts/batch/read", body).json()["results"]
    assert (of_deal["from"]["id"], of_deal["to"][0]) == (deal["id"], contact)


def test_a_company_is_named_in_the_singular_in_the_type_of_an_association(ask):
    contacts = ask("/crm/v3/objects/contacts", limit=100, associations="companies").json()["results"]
    kinds = {
        one["type"]
        for contact in contacts
        for one in contact.get("associations", {}).get("companies", {}).get("results", [])
    }
    assert kinds == {"contact_to_company"}


def test_a_search_finds_what_is_associated_with_a_record(ask):
    deal = deal_with_people(ask)
    condition = {"propertyName": "associations.deal", "operator": "EQ", "value": deal["id"]}
    found = ask("/crm/v3/objects/contacts/search", {"filterGroups": [{"filters": [condition]}]}).json()
    assert {one["id"] for one in found["results"]} == {one["id"] for one in deal["associations"]["contacts"]["results"]}
    without = {"propertyName": "associations.deal", "operator": "NOT_HAS_PROPERTY"}
    rest = ask("/crm/v3/objects/contacts/search", {"filterGroups": [{"filters": [without]}]}).json()
    assert 0 < rest["total"] < ask("/crm/v3/objects/contacts/search", {}).json()["total"]


def test_objects_that_the_company_does_not_use_are_there_and_empty(ask):
    for name in ("tickets", "0-8", "product"):
        assert ask(f"/crm/v3/objects/{name}").json() == {"results": []}
        assert ask(f"/crm/v3/objects/{name}/search", {}).json()["total"] == 0
    assert ask("/crm/v3/properties/tickets").json()["results"]
    assert ask("/crm-object-schemas/v3/schemas").json() == {"results": []}


def test_properties_and_stages_are_read_by_name(ask):
    found = ask("/crm/v3/properties/contacts/batch/read", {"inputs": [{"name": "email"}, {"name": "shoe_size"}]})
    assert found.status_code == 207
    assert [one["name"] for one in found.json()["results"]] == ["email"]
    assert ask("/properties/v2/contacts/properties").json() == ask("/crm/v3/properties/contacts").json()["results"]
    assert ask("/crm/v3/pipelines/deals/default/stages/closedwon").json()["label"] == "Closed won"


def test_the_campaigns_of_emails_count_what_became_of_them(ask):
    listed = ask("/email/public/v1/campaigns/by-id", limit=1).json()
    [campaign] = listed["campaigns"]
    told = ask(f"/email/public/v1/campaigns/{campaign['id']}", appId=campaign["appId"]).json()
    sent = ask("/email/public/v1/events", campaignId=campaign["id"], eventType="SENT", limit=1000).json()["events"]
    assert told["counters"]["sent"] == told["numIncluded"] == len(sent)
    emails = ask("/marketing/v3/emails", limit=100).json()["results"]
    assert listed["hasMore"] == (len(emails) > 1)


def test_the_timeline_of_subscriptions_says_what_the_events_say(ask):
    timeline = ask("/email/public/v1/subscriptions/timeline", limit=1000).json()["timeline"]
    changes = ask("/email/public/v1/events", eventType="STATUSCHANGE", limit=1000).json()["events"]
    assert [(one["recipient"], one["timestamp"], one["changes"][0]["change"]) for one in timeline] == [
        (one["recipient"], one["created"], one["portalSubscriptionStatus"]) for one in changes
    ]

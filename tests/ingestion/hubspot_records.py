"""Answers in the shape in which HubSpot's documentation gives them, per path."""

from typing import Any

CONTACT = {
    "id": "512",
    "properties": {
        "createdate": "2019-10-30T03:30:17.883Z",
        "email": "bcooper@biglytics.net",
        "firstname": "Bryan",
        "lastname": "Cooper",
        "phone": "(877) 929-0687",
        "company": "Biglytics",
        "lifecyclestage": "subscriber",
        "hs_object_id": "512",
        "lastmodifieddate": "2021-03-19T09:01:02Z",
        "website": None,
    },
    "propertiesWithHistory": {
        "lifecyclestage": [
            {
                "value": "subscriber",
                "timestamp": "2021-03-19T09:01:02Z",
                "sourceType": "CRM_UI",
                "sourceId": "userId:2931",
                "updatedByUserId": 2931,
            },
            {
                "value": "",
                "timestamp": "2021-03-19T09:01:02Z",
                "sourceType": "CRM_UI",
                "sourceId": "userId:2931",
                "updatedByUserId": 2931,
            },
            {"value": "lead", "timestamp": "2021-03-19T08:00:00.100Z", "sourceType": "API", "sourceLabel": "An app"},
        ]
    },
    "createdAt": "2019-10-30T03:30:17.883Z",
    "updatedAt": "2021-03-19T09:01:02Z",
    "archived": False,
}
DEAL = {
    "id": "9601",
    "properties": {
        "amount": "1500.00",
        "closedate": "2019-12-07T16:50:06.678Z",
        "createdate": "2019-10-30T03:30:17.883Z",
        "dealname": "Custom data integrations",
        "dealstage": "presentationscheduled",
        "hs_is_closed": "false",
        "hs_is_closed_won": "false",
        "hs_lastmodifieddate": "2019-12-07T16:50:06.678Z",
        "hubspot_owner_id": "910901",
        "pipeline": "default",
    },
    "createdAt": "2019-10-30T03:30:17.883Z",
    "updatedAt": "2019-12-07T16:50:06.678Z",
    "archived": False,
}
OWNER = {
    "id": "910901",
    "email": "john.smith@hubspot.com",
    "type": "PERSON",
    "firstName": "Nicholas",
    "lastName": "Smith",
    "userId": 12345,
    "userIdIncludingInactive": 12345,
    "createdAt": "2019-10-30T03:30:17.883Z",
    "updatedAt": "2019-12-07T16:50:06.678Z",
    "archived": False,
    "teams": [{"id": "177", "name": "Sales", "primary": True}, {"id": "178", "name": "Dream team", "primary": False}],
}
STATUS_CHANGE = {
    "appId": 113,
    "created": 1616148000000,
    "emailCampaignId": 0,
    "id": "ab08f79a-9e1c-4e60-b4b5-ee1d64e7c1d3",
    "portalId": 62515,
    "recipient": "bcooper@biglytics.net",
    "type": "STATUSCHANGE",
    "source": "SOURCE_RECIPIENT",
    "requestedBy": "bcooper@biglytics.net",
    "portalSubscriptionStatus": "UNSUBSCRIBED",
    "subscriptions": [{"id": 16, "status": "UNSUBSCRIBED", "legalBasisChange": {}}],
    "bounced": False,
}
CLICK = {
    "appId": 20053,
    "appName": "Batch",
    "browser": {"family": "Google Chrome", "name": "Google Chrome", "type": "Browser", "version": ["41.0.2272.89"]},
    "created": 1616151600000,
    "deviceType": "COMPUTER",
    "emailCampaignId": 17919555,
    "hmid": "14c1dce3d12f31",
    "id": "17d3fcc4-bc34-38b4-9103-69b5896bbdde",
    "ipAddress": "10.0.0.1",
    "location": {"city": "CAMBRIDGE", "country": "UNITED STATES", "state": "massachusetts"},
    "portalId": 62515,
    "recipient": "bcooper@biglytics.net",
    "sentBy": {"created": 1426695543041, "id": "7f47ab2e-1d2c-4a87-8e4d-b4a5a1a0e6a3"},
    "type": "CLICK",
    "url": "https://www.example.com/?utm_campaign=spring&_hsenc=p2ANqtz",
    "userAgent": "Mozilla/5.0",
}
SUBMISSION = {
    "conversionId": "c0ffee00-0000-4000-8000-000000000001",
    "submittedAt": 1616151600000,
    "values": [
        {"name": "email", "value": "bcooper@biglytics.net", "objectTypeId": "0-1"},
        {"name": "message", "value": "Hello", "objectTypeId": "0-1"},
    ],
    "pageUrl": "https://www.example.com/contact?utm_source=google&utm_medium=cpc",
}
FORM = {
    "id": "b6336282-50ec-465e-894e-e368146fa25f",
    "name": "Contact us",
    "createdAt": "2020-09-22T05:15:12.311Z",
    "updatedAt": "2020-09-22T05:15:35.361Z",
    "archived": False,
    "fieldGroups": [],
}
WEB_EVENT = {
    "objectType": "CONTACT",
    "objectId": "512",
    "eventType": "e_visited_page",
    "occurredAt": "2021-03-19T12:00:00.000Z",
    "id": "b850d903-254c-4df6-b159-9263b4b7eed8",
    "properties": {"hs_url": "https://www.example.com/pricing", "hs_title": "Pricing", "hs_user_agent": "Mozilla/5.0"},
}
ASSOCIATED = {
    "from": {"id": "9601"},
    "to": [
        {
            "toObjectId": 512,
            "associationTypes": [
                {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None},
                {"category": "USER_DEFINED", "typeId": 36, "label": "Decision maker"},
            ],
        }
    ],
}


def _listed(*records: dict[str, Any]) -> dict[str, Any]:
    return {"results": list(records)}


ANSWERS: dict[str, dict[str, Any]] = {
    "/crm/v3/objects/contacts": _listed(CONTACT),
    "/crm/v3/objects/contacts/search": {"total": 1, **_listed(CONTACT)},
    "/crm/v3/objects/companies/search": {"total": 0, **_listed()},
    "/crm/v3/objects/deals": _listed(DEAL),
    "/crm/v3/objects/deals/search": {"total": 1, **_listed(DEAL)},
    "/crm/v4/associations/deals/contacts/batch/read": {"status": "COMPLETE", **_listed(ASSOCIATED)},
    "/crm/v3/owners": _listed(OWNER),
    "/marketing/v3/forms": {"total": 1, **_listed(FORM)},
    f"/form-integrations/v1/submissions/forms/{FORM['id']}": _listed(SUBMISSION),
    "/email/public/v1/events": {"hasMore": False, "offset": "Cl0KGQiAp", "events": [CLICK, STATUS_CHANGE]},
    "/events/v3/events/event-types": {"eventTypes": ["e_visited_page", "e_clicked_cta"]},
    "/events/v3/events": _listed(WEB_EVENT),
    "/communication-preferences/v3/definitions": {"subscriptionDefinitions": []},
}


# Records as real accounts hold them: what is empty, odd, long, cleared, merged or left out.
MERGED_CONTACT = CONTACT | {
    "id": "51",
    "properties": {
        "createdate": "2019-10-30T03:30:17.883Z",
        "email": None,
        "hs_additional_emails": "Old@Example.com; NEW@example.com;",
        "hs_analytics_last_timestamp": "1616148000000",
        "hs_analytics_num_page_views": "12.0",
        "hs_calculated_merged_vids": "51:1571412345678;52:1571412345999",
        "hs_object_id": "51",
        "lastmodifieddate": "2021-03-19T09:01:02Z",
        "firstname": 'Łukasz 😀 "O\'Neil"\n',
        "message": "ż" * 200_000,
    },
    "propertiesWithHistory": {
        "lifecyclestage": [],
        "hs_lead_status": [
            {"value": None, "timestamp": "2021-03-19T09:01:02.000000001Z", "sourceType": "CALCULATED"},
        ],
    },
    "objectWriteTraceId": None,
    "url": "https://app.hubspot.com/contacts/62515/record/0-1/51",
}
CLEARED_DEAL = DEAL | {
    "id": "9602",
    "properties": DEAL["properties"] | {"amount": "", "closedate": "2019-12-07", "hs_is_closed": ""},
}
FAR_DEAL = DEAL | {
    "id": "9603",
    "properties": DEAL["properties"] | {"amount": "1.5E9", "closedate": "4000-12-31T00:00:00Z", "hs_tcv": "1.0E7"},
}
QUEUE_OWNER = OWNER | {"id": "7", "email": None, "type": "QUEUE", "firstName": None, "userId": None, "teams": None}
DROPPED = {
    "appId": 20053,
    "created": 1616151600001,
    "dropMessage": "",
    "dropReason": "PREVIOUSLY_BOUNCED",
    "from": "Ann <ann@example.com>",
    "id": "dropped",
    "recipient": "BCooper@Biglytics.net",
    "replyTo": [],
    "type": "DROPPED",
}
CLICK_ON_A_PLACEHOLDER = CLICK | {
    "id": "placeholder",
    "created": 1616151600002,
    "url": "http://[domain]x/?utm_source=a",
}
FORWARD = {"id": "forward", "created": 1616151600003, "type": "FORWARD"}
SUBMISSIONS = (
    {"conversionId": "s1", "submittedAt": 1616151600000, "values": [], "pageUrl": "https://[page url]/"},
    {
        "conversionId": "s2",
        "submittedAt": 1616151600000,
        "values": [
            {"name": "topics", "value": "a"},
            {"name": "topics", "value": "b"},
            {"name": "email", "value": "x@y.z"},
        ],
    },
)
EVENT_OF_NOTHING = WEB_EVENT | {"id": "nothing", "objectId": 51, "properties": {}}
ODD_CAMPAIGN = {
    "id": "c1",
    "createdAt": "2023-05-01T00:00:00Z",
    "updatedAt": "2023-05-01T00:00:00Z",
    "properties": None,
}
ODD_ANSWERS = ANSWERS | {
    "/crm/v3/objects/contacts": _listed(MERGED_CONTACT),
    "/crm/v3/objects/contacts/search": {"total": 1, **_listed(MERGED_CONTACT)},
    "/crm/v3/objects/deals": _listed(CLEARED_DEAL, FAR_DEAL),
    "/crm/v3/objects/deals/search": {"total": 2, **_listed(CLEARED_DEAL, FAR_DEAL)},
    "/crm/v3/owners": _listed(QUEUE_OWNER),
    "/crm/v3/pipelines/deals": _listed(
        {"id": "p", "label": "P", "stages": [{"id": "s", "label": "S"}, {"id": "t", "label": None, "metadata": {}}]}
    ),
    f"/form-integrations/v1/submissions/forms/{FORM['id']}": _listed(*SUBMISSIONS),
    "/email/public/v1/events": {"hasMore": False, "events": [DROPPED, CLICK_ON_A_PLACEHOLDER, FORWARD]},
    "/events/v3/events": _listed(EVENT_OF_NOTHING),
    "/marketing/v3/campaigns": _listed(ODD_CAMPAIGN),
}

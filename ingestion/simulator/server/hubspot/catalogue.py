"""What an account is made of: properties per object, pipelines, schemas."""

from typing import Any

import pandas as pd

from ingestion.simulator.server.hubspot import company

BEGINNING = "2019-10-30T03:30:17.883Z"
OBJECT_TYPE_IDS = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "notes": "0-46",
    "meetings": "0-47",
    "calls": "0-48",
    "emails": "0-49",
    "tasks": "0-27",
    "tickets": "0-5",
    "products": "0-7",
    "line_items": "0-8",
    "quotes": "0-14",
    "communications": "0-18",
    "feedback_submissions": "0-19",
    "goal_targets": "0-74",
    "postal_mail": "0-116",
    "leads": "0-136",
}
SINGULAR = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "note": "notes",
    "meeting": "meetings",
    "call": "calls",
    "email": "emails",
    "task": "tasks",
    "ticket": "tickets",
    "product": "products",
    "line_item": "line_items",
    "quote": "quotes",
    "communication": "communications",
    "feedback_submission": "feedback_submissions",
    "goal_target": "goal_targets",
    "lead": "leads",
}
# Objects of every account that the company has no records of.
UNUSED = (
    *("tickets", "products", "line_items", "quotes", "communications", "feedback_submissions", "goal_targets"),
    *("postal_mail", "leads"),
)
# name: (type, field type)
TEXT, NUMBER, MOMENT, CHOICE, FLAG = (
    ("string", "text"),
    ("number", "number"),
    ("datetime", "date"),
    ("enumeration", "select"),
    ("bool", "booleancheckbox"),
)
COMMON = {"hs_object_id": NUMBER, "hs_merged_object_ids": ("enumeration", "checkbox")}
ENGAGEMENT = COMMON | {
    "hs_createdate": MOMENT,
    "hs_lastmodifieddate": MOMENT,
    "hs_timestamp": MOMENT,
    "hubspot_owner_id": CHOICE,
}
PROPERTIES: dict[str, dict[str, tuple[str, str]]] = {
    "contacts": COMMON
    | {
        "createdate": MOMENT,
        "lastmodifieddate": MOMENT,
        "email": TEXT,
        "hs_additional_emails": ("enumeration", "checkbox"),
        "firstname": TEXT,
        "lastname": TEXT,
        "phone": ("string", "phonenumber"),
        "company": TEXT,
        "jobtitle": TEXT,
        "job_function": TEXT,
        "seniority": TEXT,
        "country": TEXT,
        "hs_language": CHOICE,
        "hs_persona": CHOICE,
        "lead_source": TEXT,
        "product_interest": TEXT,
        "hubspot_owner_id": CHOICE,
        "associatedcompanyid": NUMBER,
        "lifecyclestage": ("enumeration", "radio"),
        "hs_lead_status": ("enumeration", "radio"),
        "lead_status_reason": CHOICE,
        "hs_calculated_merged_vids": ("enumeration", "checkbox"),
        "hs_analytics_num_page_views": NUMBER,
        "hs_analytics_last_timestamp": MOMENT,
    },
    "companies": COMMON
    | {
        "createdate": MOMENT,
        "hs_lastmodifieddate": MOMENT,
        "name": TEXT,
        "domain": TEXT,
        "industry": CHOICE,
        "numberofemployees": NUMBER,
        "annualrevenue": NUMBER,
        "country": TEXT,
        "state": TEXT,
        "web_technologies": ("enumeration", "checkbox"),
        "segment": TEXT,
        "churn_date": MOMENT,
    },
    "deals": COMMON
    | {
        "createdate": MOMENT,
        "hs_lastmodifieddate": MOMENT,
        "dealname": TEXT,
        "pipeline": CHOICE,
        "dealstage": ("enumeration", "radio"),
        "amount": NUMBER,
        "deal_currency_code": CHOICE,
        "dealtype": ("enumeration", "radio"),
        "product": TEXT,
        "closedate": MOMENT,
        "closed_lost_reason": ("string", "textarea"),
        "hs_is_closed": FLAG,
        "hs_is_closed_won": FLAG,
        "hubspot_owner_id": CHOICE,
        "hs_primary_associated_company": NUMBER,
    },
    "meetings": ENGAGEMENT
    | {
        "hs_meeting_title": TEXT,
        "hs_meeting_start_time": MOMENT,
        "hs_meeting_outcome": CHOICE,
        "hs_meeting_source": CHOICE,
    },
    "calls": ENGAGEMENT
    | {"hs_call_title": TEXT, "hs_call_direction": CHOICE, "hs_call_disposition": CHOICE, "hs_call_status": CHOICE},
    "emails": ENGAGEMENT | {"hs_email_subject": TEXT, "hs_email_direction": CHOICE, "hs_email_status": CHOICE},
    "tasks": ENGAGEMENT | {"hs_task_subject": TEXT, "hs_task_status": CHOICE, "hs_task_type": CHOICE},
    "notes": ENGAGEMENT | {"hs_note_body": ("string", "html")},
    **dict.fromkeys(UNUSED, COMMON | {"hs_createdate": MOMENT, "hs_lastmodifieddate": MOMENT}),
}
# What is given where nobody says which properties they want.
DEFAULTS = {
    "contacts": ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    "companies": ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    "deals": (
        *("amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id"),
        "pipeline",
    ),
}
ENGAGEMENT_DEFAULTS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
OWN_PROPERTIES = ("lead_source", "product_interest", "lead_status_reason", "segment", "churn_date", "product")
NEW_PROPERTY = "favourite_season"
LIFECYCLE_STAGES = (
    *("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"),
    *("evangelist", "other"),
)
LEAD_STATUSES = (
    *("NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING"),
)
STAGES = (
    ("appointmentscheduled", "Appointment scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified to buy", "0.4"),
    ("presentationscheduled", "Presentation scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision maker bought-in", "0.8"),
    ("contractsent", "Contract sent", "0.9"),
    ("closedwon", "Closed won", "1.0"),
    ("closedlost", "Closed lost", "0.0"),
)
CHOICES = {
    "lifecyclestage": LIFECYCLE_STAGES,
    "hs_lead_status": LEAD_STATUSES,
    "dealstage": tuple(stage for stage, *_ in STAGES),
    "dealtype": tuple(company.DEAL_TYPES.values()),
    "hs_meeting_outcome": ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
    "hs_email_direction": ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"),
}


def object_type(name: str) -> str | None:
    """The plural name of an object that may be called by its id, singular or plural; None where there is none."""
    by_id = {number: plural for plural, number in OBJECT_TYPE_IDS.items()}
    name = name.lower()
    plural = by_id.get(name) or SINGULAR.get(name, name)
    return plural if plural in PROPERTIES else None


def singular(of: str) -> str:
    """The singular name of an object."""
    return next((one for one, many in SINGULAR.items() if many == of), of)


def defaults(of: str) -> tuple[str, ...]:
    """The properties that a record has where none are asked for."""
    return DEFAULTS.get(of, ENGAGEMENT_DEFAULTS)


def properties(of: str, has_new_field: bool = False) -> list[dict[str, Any]]:
    """The definitions of an object's properties."""
    found = [_definition(of, name, *kind) for name, kind in PROPERTIES[of].items()]
    return [*found, _definition(of, NEW_PROPERTY, *TEXT)] if has_new_field else found


def _definition(of: str, name: str, kind: str, field_type: str) -> dict[str, Any]:
    is_own = name in OWN_PROPERTIES or name == NEW_PROPERTY
    is_calculated = name.startswith(("hs_analytics", "hs_calculated", "hs_merged", "hs_object_id", "hs_is_closed"))
    options = [
        {"label": value.capitalize(), "value": value, "description": "", "displayOrder": order, "hidden": False}
        for order, value in enumerate(CHOICES.get(name, ()))
    ]
    return {
        "updatedAt": BEGINNING,
        "createdAt": BEGINNING,
        "name": name,
        "label": name.removeprefix("hs_").replace("_", " ").capitalize(),
        "type": kind,
        "fieldType": field_type,
        "description": "",
        "groupName": "contactinformation" if of == "contacts" else f"{of.removesuffix('s')}information",
        "options": options,
        "displayOrder": -1,
        "calculated": is_calculated,
        "externalOptions": name == "hubspot_owner_id",
        "archived": False,
        "hasUniqueValue": name in ("email", "hs_object_id"),
        "hidden": False,
        "hubspotDefined": not is_own,
        "modificationMetadata": {
            "archivable": is_own,
            "readOnlyDefinition": not is_own,
            "readOnlyValue": is_calculated,
        },
        "formField": of == "contacts",
        "dataSensitivity": "non_sensitive",
    }


def groups(of: str) -> list[dict[str, Any]]:
    """The groups of an object's properties."""
    name = "contactinformation" if of == "contacts" else f"{of.removesuffix('s')}information"
    return [{"name": name, "label": name, "displayOrder": 0, "archived": False}]


def pipelines() -> list[dict[str, Any]]:
    """The pipelines of deals."""
    stages = [
        {
            "label": label,
            "displayOrder": order,
            "metadata": {"isClosed": str(stage.startswith("closed")).lower(), "probability": probability},
            "id": stage,
            "createdAt": BEGINNING,
            "updatedAt": BEGINNING,
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }
        for order, (stage, label, probability) in enumerate(STAGES)
    ]
    pipeline = {"label": "Sales pipeline", "displayOrder": 0, "id": company.PIPELINE, "stages": stages}
    return [pipeline | {"createdAt": BEGINNING, "updatedAt": BEGINNING, "archived": False}]


def schema(of: str) -> dict[str, Any]:
    """An object's schema, in little."""
    one = singular(of)
    return {
        "id": OBJECT_TYPE_IDS[of],
        "objectTypeId": OBJECT_TYPE_IDS[of],
        "fullyQualifiedName": one.upper(),
        "name": one.upper(),
        "labels": {"singular": one.capitalize(), "plural": of.capitalize()},
        "primaryDisplayProperty": defaults(of)[1],
        "requiredProperties": [],
        "searchableProperties": [],
        "secondaryDisplayProperties": [],
        "properties": properties(of),
        "associations": [],
        "archived": False,
    }


def owners(users: pd.DataFrame, is_archived: bool) -> list[dict[str, Any]]:
    """The owners who are active, or those who have left."""
    teams = {team: str(number) for number, team in enumerate(sorted(users["team"].dropna().unique()), start=101)}
    found = []
    for user in users.to_dict("records"):
        if bool(user["is_active"]) == is_archived:
            continue
        first, _, last = user["user_name"].partition(" ")
        owner = {
            "id": user["id"],
            "email": f"{user['id']}@kolibri.example",
            "type": "PERSON",
            "firstName": first,
            "lastName": last,
            "userId": None if is_archived else user["user_number"],
            "userIdIncludingInactive": user["user_number"],
            "createdAt": BEGINNING,
            "updatedAt": BEGINNING,
            "archived": is_archived,
        }
        if not is_archived:
            owner["teams"] = [{"id": teams[user["team"]], "name": user["team"], "primary": True}]
        found.append(owner)
    return found

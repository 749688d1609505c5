"""Marketo's activity log over the whole life of the company, in the order in which Marketo learns of what happened.

One row per activity: type_id, lead (Marketo's number), activity_date, known_at, guid, campaign (the smart campaign, 0
if none), primary_id, primary_value, and whatever its attributes are made of. What is known at a moment is the beginning
of the log up to there, so a place in it means the same for ever.
"""

from urllib.parse import urlencode, urlsplit

import numpy as np
import pandas as pd

from ingestion.simulator import systems
from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.server.marketo import activity_types as kinds
from ingestion.simulator.server.marketo.catalogue import FORM_OF_CONVERSION, Catalogue
from ingestion.simulator.server.marketo.fields import (
    FIELD_OF_ATTRIBUTE,
    ID_OF,
    LEAD_STATUSES,
    MODEL_ID,
    MODEL_NAME,
    REVENUE_STAGES,
)
from ingestion.simulator.server.marketo.times import written

FIRST_ID = 1_000_000
FIRST_MADE_GUID = 900_000_000
MAIL_KINDS = {
    "email_sent": kinds.SEND,
    "email_delivered": kinds.DELIVERED,
    "email_bounced": kinds.BOUNCED,
    "email_opened": kinds.OPEN,
    "email_clicked": kinds.CLICK,
    "unsubscribed": kinds.UNSUBSCRIBE,
}
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
SCORE_OF_TYPE = {kinds.FILL_OUT_FORM: 10, kinds.CLICK: 5, kinds.DIALOGUE: 8}
SECOND = np.timedelta64(1, "s")


class Log:
    """The log as one frame, sorted; `types` and `known_at` are its columns as arrays."""

    def __init__(self, story: Chronicle, setup: systems.Setup, catalogue: Catalogue, people: pd.DataFrame) -> None:
        done = _done(story, setup, catalogue)
        made = [
            *_lives(people, story),
            _value_changes(people, story),
            _scores(done),
            _stages(people, story),
            *_statuses(done, catalogue),
        ]
        made = pd.concat([rows for rows in made if len(rows)], ignore_index=True)
        made["guid"] = FIRST_MADE_GUID + np.arange(len(made))
        rows = pd.concat([done, made], ignore_index=True)
        rows = rows[rows["lead"].isin(people["id"])]
        rows = rows.sort_values(["known_at", "guid"], kind="stable", ignore_index=True)
        for column in ("campaign", "primary_id", "guid", "lead", "type_id"):
            rows[column] = rows[column].fillna(0).astype("int64")
        self.rows = rows
        self.types = rows["type_id"].to_numpy()
        self.leads = rows["lead"].to_numpy()
        self.known_at = rows["known_at"].to_numpy()
        self.activity_date = rows["activity_date"].to_numpy()

    def place(self, moment: object) -> int:
        """Where the log continues at a moment: what is learnt then or later lies from there on."""
        return int(np.searchsorted(self.known_at, np.datetime64(moment, "us"), side="left"))

    def length(self, now: object) -> int:
        """How much of the log is known at a moment."""
        return int(np.searchsorted(self.known_at, np.datetime64(now, "us"), side="right"))

    def told(self, places: np.ndarray) -> list[dict]:
        """The activities at these places, each with `attributes` by name."""
        told = []
        rows = self.rows.iloc[places].astype(object)
        for place, row in zip(places, rows.where(rows.notna(), None).to_dict("records"), strict=True):
            activity = {
                "id": FIRST_ID + int(place),
                "marketoGUID": str(row["guid"]),
                "leadId": row["lead"],
                "activityDate": written(row["activity_date"]),
                "activityTypeId": row["type_id"],
            }
            if row["campaign"]:
                activity["campaignId"] = row["campaign"]
            if row["primary_id"]:
                activity["primaryAttributeValueId"] = row["primary_id"]
            if row["primary_value"] is not None:
                activity["primaryAttributeValue"] = row["primary_value"]
            told.append(activity | {"attributes": _attributes(row)})
        return told


def _done(story: Chronicle, setup: systems.Setup, catalogue: Catalogue) -> pd.DataFrame:
    """What people did and received."""
    rows = systems.activities(story, setup)
    rows = rows[rows["system"] == systems.MARKETO]
    kind = rows["activity_type"]
    form = kind.map(FORM_OF_CONVERSION)
    type_id = kind.map({"page_view": kinds.VISIT_WEBPAGE, "chat": kinds.DIALOGUE} | MAIL_KINDS)
    type_id = type_id.fillna(kinds.FILL_OUT_FORM).astype(int)
    page_id = rows["content_id"].map(catalogue.page_id_of_content)
    email = rows["content_id"].map(catalogue.email_of_content)
    is_visit, is_form = type_id == kinds.VISIT_WEBPAGE, type_id == kinds.FILL_OUT_FORM
    is_mail, is_click = kind.isin(MAIL_KINDS), type_id == kinds.CLICK
    url = rows["url"].astype(object)
    path = url.map(lambda address: urlsplit(address).path or "/", na_action="ignore")
    primary_id = page_id.where(
        is_visit, form.map(catalogue.form_ids).where(is_form, email.map(lambda e: e[0], "ignore"))
    )
    primary_id = primary_id.mask(type_id == kinds.DIALOGUE, 1)
    primary_value = url.str.replace("https://", "", regex=False).where(is_visit, form)
    primary_value = primary_value.where(~is_mail, email.map(lambda e: e[1], "ignore"))
    query = _queries(rows)
    home = catalogue.website
    return pd.DataFrame(
        {
            "guid": rows["activity_id"].map(systems.marketo_id),
            "lead": rows["lead_id"].map(systems.marketo_id),
            "type_id": type_id,
            "activity_date": rows["occurred_at"],
            "known_at": rows["known_at"],
            "campaign": rows["campaign_id"].map(catalogue.campaign_of_program),
            "program": rows["campaign_id"].map(catalogue.program_ids),
            "primary_id": primary_id,
            "primary_value": primary_value.mask(type_id == kinds.DIALOGUE, "Talk to us"),
            "url": url,
            "path": path,
            "page_id": page_id,
            "query": query.where(~is_mail, None),
            "referrer": rows["referrer"],
            "landing_page": rows["landing_page"],
            "link": (home + "/" + ("?" + query).fillna("")).where(is_click, None),
        }
    )


def _queries(rows: pd.DataFrame) -> pd.Series:
    """The query with which a page was called: UTM tags and the click id of the advertisement."""
    tagged = rows[rows[[*UTM, "click_id"]].notna().any(axis=1)]
    queries = []
    for click, *values in zip(tagged["click_id"], *(tagged[name] for name in UTM), strict=True):
        parameters = {name: value for name, value in zip(UTM, values, strict=True) if isinstance(value, str)}
        if isinstance(click, str):
            kind, _, value = click.partition(":")
            parameters[kind] = value
        queries.append(urlencode(parameters))
    return pd.Series(queries, index=tagged.index, dtype=object).reindex(rows.index)


def _lives(people: pd.DataFrame, story: Chronicle) -> list[pd.DataFrame]:
    """Records that are made, merged and deleted."""
    new = pd.DataFrame(
        {
            "type_id": kinds.NEW_LEAD,
            "lead": people["id"],
            "activity_date": people["created_at"],
            "known_at": people["known_at"],
            "primary_id": people["id"],
            "primary_value": people["name"],
            "source": people["lead_source"],
        }
    )
    merged = people[people["merged_at"].notna()]
    merged = pd.DataFrame(
        {
            "type_id": kinds.MERGE,
            "lead": merged["merged_into_lead_id"].map(systems.marketo_id),
            "activity_date": merged["merged_at"],
            "known_at": merged["merged_at"],
            "primary_value": merged["name"],
            "merged": merged["id"].astype(object),
        }
    )
    merged["primary_id"] = merged["lead"]
    gone = people[people["gone_at"].notna() & ~(people["merged_at"] <= people["gone_at"])]
    gone = pd.DataFrame(
        {
            "type_id": kinds.DELETE,
            "lead": gone["id"],
            "activity_date": gone["gone_at"],
            "known_at": gone["gone_at"],
            "primary_id": gone["id"],
            "primary_value": gone["name"],
        }
    )
    return [new, merged, gone]


def _value_changes(people: pd.DataFrame, story: Chronicle) -> pd.DataFrame:
    """Changes of fields: by the sync from Salesforce, and by those who object to e-mail."""
    attributes = story.entities["lead_attribute_changes"].sort_values("changed_at", kind="stable")
    attributes = attributes[attributes["attribute"].isin(FIELD_OF_ATTRIBUTE)]
    base = people.set_index("lead_id")
    # The first change repeats what the record said when it was made.
    attributes = attributes[attributes["changed_at"] > attributes["lead_id"].map(base["created_at"])]
    before = attributes.groupby(["lead_id", "attribute"])["value"].shift()
    firsts = [
        base[attribute].get(lead) if attribute in base else None
        for lead, attribute in zip(attributes["lead_id"], attributes["attribute"], strict=True)
    ]
    changes = [
        pd.DataFrame(
            {
                "lead_id": attributes["lead_id"],
                "at": attributes["changed_at"],
                "known_at": attributes["known_at"],
                "field": attributes["attribute"].map(FIELD_OF_ATTRIBUTE),
                "old": before.fillna(pd.Series(firsts, index=attributes.index, dtype=object)),
                "new": attributes["value"],
            }
        )
    ]
    stages = story.entities["lead_stage_changes"].sort_values("changed_at", kind="stable")
    status = stages["stage"].map(LEAD_STATUSES)
    former = status.groupby(stages["lead_id"]).shift()
    changes.append(
        pd.DataFrame(
            {
                "lead_id": stages["lead_id"],
                "at": stages["changed_at"],
                "known_at": stages["known_at"],
                "field": "leadStatus",
                "old": former,
                "new": status,
            }
        )[former.notna()]
    )
    mails = story.entities["consents"].query("purpose == 'marketing_email'").sort_values("changed_at", kind="stable")
    is_new = mails["status"].ne(mails.groupby("lead_id")["status"].shift().fillna("granted"))
    mails = mails[is_new & (mails["changed_at"] > mails["lead_id"].map(base["created_at"]))]
    is_withdrawn = mails["status"] == "withdrawn"
    changes.append(
        pd.DataFrame(
            {
                "lead_id": mails["lead_id"],
                "at": mails["changed_at"],
                "known_at": mails["known_at"],
                "field": "unsubscribed",
                "old": np.where(is_withdrawn, "false", "true"),
                "new": np.where(is_withdrawn, "true", "false"),
            }
        )
    )
    changes = pd.concat(changes, ignore_index=True)
    return pd.DataFrame(
        {
            "type_id": kinds.CHANGE_VALUE,
            "lead": changes["lead_id"].map(systems.marketo_id),
            "activity_date": changes["at"],
            "known_at": changes["known_at"],
            "primary_id": changes["field"].map(ID_OF),
            "primary_value": changes["field"],
            "old": changes["old"],
            "new": changes["new"],
        }
    )


def _scores(done: pd.DataFrame) -> pd.DataFrame:
    """Points for what people did, in the order in which Marketo learnt of it."""
    scored = done[done["type_id"].isin(SCORE_OF_TYPE)].sort_values(["known_at", "guid"], kind="stable")
    points = scored["type_id"].map(SCORE_OF_TYPE)
    new = points.groupby(scored["lead"]).cumsum()
    return pd.DataFrame(
        {
            "type_id": kinds.CHANGE_SCORE,
            "lead": scored["lead"],
            "activity_date": scored["known_at"] + SECOND,
            "known_at": scored["known_at"] + SECOND,
            "primary_id": ID_OF["leadScore"],
            "primary_value": "Person Score",
            "old": new - points,
            "new": new,
        }
    )


def _stages(people: pd.DataFrame, story: Chronicle) -> pd.DataFrame:
    changes = story.entities["lead_stage_changes"].sort_values("changed_at", kind="stable")
    changes = changes[changes["lead_id"].isin(people["lead_id"])]
    former = changes.groupby("lead_id")["stage"].shift()
    return pd.DataFrame(
        {
            "type_id": kinds.CHANGE_STAGE,
            "lead": changes["lead_id"].map(systems.marketo_id),
            "activity_date": changes["changed_at"],
            "known_at": changes["known_at"],
            "primary_id": MODEL_ID,
            "primary_value": MODEL_NAME,
            "old": former,
            "new": changes["stage"],
        }
    )


def _statuses(done: pd.DataFrame, catalogue: Catalogue) -> list[pd.DataFrame]:
    """A person becomes member of a program with its first mail, and successful with the first click."""
    statuses = []
    for kind, old, new in ((kinds.SEND, "Not in Program", "Sent"), (kinds.CLICK, "Sent", "Clicked")):
        mails = done[(done["type_id"] == kind) & done["program"].notna()].sort_values("known_at", kind="stable")
        first = mails.drop_duplicates(["lead", "program"])
        statuses.append(
            pd.DataFrame(
                {
                    "type_id": kinds.CHANGE_STATUS,
                    "lead": first["lead"],
                    "activity_date": first["activity_date"],
                    "known_at": first["known_at"],
                    "campaign": first["campaign"],
                    "primary_id": first["program"],
                    "primary_value": first["program"].map(catalogue.program_names),
                    "old": old,
                    "new": new,
                }
            )
        )
    return statuses


def _attributes(row: dict) -> dict:
    """The attributes of an activity; what is empty is left out, as Marketo does."""
    type_id = row["type_id"]
    if type_id == kinds.VISIT_WEBPAGE:
        found = {
            "Client IP Address": "192.0.2.7",
            "Query Parameters": row["query"],
            "Referrer URL": row["referrer"],
            "User Agent": "Mozilla/5.0",
            "Webpage URL": row["path"],
        }
    elif type_id == kinds.FILL_OUT_FORM:
        fields = {"LandingPage": row["landing_page"]} if row["landing_page"] else {}
        found = {
            "Client IP Address": "192.0.2.7",
            "Form Fields": _php(fields),
            "Query Parameters": row["query"],
            "Referrer URL": row["referrer"],
            "User Agent": "Mozilla/5.0",
            "Webpage ID": None if row["page_id"] is None else int(row["page_id"]),
        }
    elif type_id == kinds.DIALOGUE:
        found = {
            "Dialogue Name": "Talk to us",
            "Page URL": row["url"],
            "Query Parameters": row["query"],
            "Referrer URL": row["referrer"],
        }
    elif type_id in (kinds.OPEN, kinds.CLICK):
        found = {"Campaign Run ID": 1, "Is Mobile Device": False, "Platform": "unknown", "Link": row["link"]}
    elif type_id == kinds.BOUNCED:
        found = {"Campaign Run ID": 1, "Category": "1", "Details": "550 no such user"}
    elif type_id in (kinds.SEND, kinds.DELIVERED, kinds.UNSUBSCRIBE):
        found = {"Campaign Run ID": 1, "Step ID": 1}
    elif type_id == kinds.NEW_LEAD:
        found = {
            "Created Date": str(row["activity_date"])[:10],
            "Lead Source": row["source"],
            "Source Type": "Salesforce.com",
        }
    elif type_id == kinds.CHANGE_VALUE:
        found = {"New Value": row["new"], "Old Value": row["old"], "Reason": "Salesforce sync", "Source": "Sync"}
    elif type_id == kinds.CHANGE_SCORE:
        change = f"+{row['new'] - row['old']}"
        found = {"Change Value": change, "New Value": row["new"], "Old Value": row["old"], "Reason": "Scoring"}
    elif type_id == kinds.CHANGE_STAGE:
        found = dict(zip(("New Stage ID", "New Stage"), REVENUE_STAGES[row["new"]], strict=True))
        if row["old"]:
            found |= dict(zip(("Old Stage ID", "Old Stage"), REVENUE_STAGES[row["old"]], strict=True))
    elif type_id == kinds.CHANGE_STATUS:
        found = {
            "New Status": row["new"],
            "Old Status": row["old"],
            "Success": row["new"] == "Clicked",
            "Acquired By": False,
        }
    elif type_id == kinds.MERGE:
        found = {"Merge IDs": str([row["merged"]]), "Master Updated": True, "Merge Source": "Marketo"}
    else:
        found = {"Lead Name": row["primary_value"], "Remove From CRM": False, "Source": "User"}
    return {name: value for name, value in found.items() if value is not None}


def _php(fields: dict[str, str]) -> str:
    """Form fields as Marketo logs them: serialised as PHP does."""
    cells = "".join(f's:{len(name)}:"{name}";s:{len(value)}:"{value}";' for name, value in fields.items())
    return f"a:{len(fields)}:{{{cells}}}"

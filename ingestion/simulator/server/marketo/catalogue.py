"""What marketing has made in Marketo: programs and their smart campaigns, e-mails, forms, pages."""

from datetime import datetime

import pandas as pd

from ingestion.simulator import company, systems
from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.server.marketo.times import written

FORM_OF_CONVERSION = {
    "form_submitted": "Contact us",
    "content_downloaded": "Download an e-book",
    "demo_requested": "Request a demo",
    "price_requested": "Ask for a price",
    "trial_started": "Start a trial",
    "meeting_booked": "Book a meeting",
}
CHANNELS = {"marketing_email": "Email Send", "nurture": "Nurture", "cold_email": "Outbound"}
PROGRAM_TYPES = {"marketing_email": "default", "nurture": "nurture", "cold_email": "default"}
# The contract has another word for the same in listings.
LISTED_TYPES = PROGRAM_TYPES | {"marketing_email": "program", "cold_email": "program"}
# What a month of a program costs: drawing and writing, addresses for outreach.
MONTHLY_COSTS = {"marketing_email": 150, "nurture": 90, "cold_email": 400}
UTM_TAG = "UTM Campaign"
WORKSPACE = "Default"
FOLDERS = ((1, "Marketing Activities", "Marketing Folder"), (2, "Design Studio", "Marketing Folder"))
PROGRAM_STATUSES = ((1, "Not in Program", False), (2, "Sent", False), (3, "Clicked", True))
FIRST_CAMPAIGN, FIRST_EMAIL, FIRST_FORM, FIRST_PAGE = 5_000, 2_000, 3_000, 4_000


class Catalogue:
    """The assets, and which of the story's campaigns and content each of them is."""

    def __init__(self, story: Chronicle, setup: systems.Setup) -> None:
        self.start, self.until = story.start, story.until
        self.website = company.WEBSITE
        programs = systems.campaigns(story, setup)
        programs = programs[programs["system"] == systems.MARKETO]
        aliases = story.entities["campaign_aliases"].drop_duplicates("campaign_id").set_index("campaign_id")["alias"]
        ids = programs["campaign_id"].map(systems.marketo_id)
        self.programs = programs.assign(id=ids, tag=programs["campaign_id"].map(aliases))
        self.program_ids = dict(zip(programs["campaign_id"], ids, strict=True))
        self.program_names = dict(zip(ids, programs["campaign_name"], strict=True))
        self.campaign_of_program = {own: FIRST_CAMPAIGN + number for own, number in self.program_ids.items()}
        content = story.entities["content"]
        numbers = content["content_id"].str[1:].astype(int)
        url = _urls(story)
        emails = content["content_type"] == "email"
        self.emails = content[emails].assign(id=FIRST_EMAIL + numbers[emails])
        pages = content[content["content_id"].isin(url)]
        self.pages = pages.assign(id=FIRST_PAGE + numbers, url=pages["content_id"].map(url))
        self.email_of_content = {row.content_id: (row.id, row.content_name) for row in self.emails.itertuples()}
        self.page_id_of_content = dict(zip(self.pages["content_id"], self.pages["id"], strict=True))
        self.form_ids = {name: FIRST_FORM + number for number, name in enumerate(FORM_OF_CONVERSION.values(), 1)}

    def program_records(self, now: datetime, is_whole: bool) -> list[dict]:
        """The programs at a moment; only the whole record has tags and costs."""
        records = []
        for program in self.programs[self.programs["known_at"] <= now].to_dict("records"):
            months = pd.date_range(program["start_date"].to_period("M").to_timestamp(), now, freq="MS")
            created_at = program["known_at"]
            record = {
                "id": program["id"],
                "name": program["campaign_name"],
                "description": "",
                "createdAt": _zoned(created_at),
                "updatedAt": _zoned(max([created_at, *months])),
                "url": f"https://app-lon01.marketo.com/#PG{program['id']}A1",
                "type": PROGRAM_TYPES[program["channel"]] if is_whole else LISTED_TYPES[program["channel"]],
                "channel": CHANNELS[program["channel"]],
                "folder": {"type": "Folder", "value": 1, "id": 1, "folderName": "Marketing Activities"},
                "status": "on" if program["channel"] == "nurture" else "unlocked",
                "workspace": WORKSPACE,
                "headStart": False,
            }
            if is_whole:
                tags = [{"tagType": UTM_TAG, "tagValue": program["tag"]}] if isinstance(program["tag"], str) else []
                cost = MONTHLY_COSTS[program["channel"]]
                costs = [{"startDate": f"{month:%Y-%m-%d}", "cost": cost, "note": ""} for month in months]
                record |= {"tags": tags, "costs": costs}
            records.append(record)
        return records

    def campaign_records(self, now: datetime) -> list[dict]:
        """One smart campaign per program, which sends its mails."""
        return [
            {
                "id": FIRST_CAMPAIGN + program["id"],
                "name": "01 Send",
                "type": "batch",
                "programId": program["id"],
                "programName": program["campaign_name"],
                "workspaceName": WORKSPACE,
                "createdAt": written(program["known_at"]),
                "updatedAt": written(program["known_at"]),
                "active": False,
            }
            for program in self.programs[self.programs["known_at"] <= now].to_dict("records")
        ]

    def smart_campaign_records(self, now: datetime) -> list[dict]:
        """The same campaigns as the asset API gives them."""
        week = {"intervalType": "Weekly", "interval": 1, "weekdayOnly": False, "weekdayMask": ["Tuesday"]}
        return [
            {
                "id": FIRST_CAMPAIGN + program["id"],
                "name": "01 Send",
                "description": "",
                "type": "batch",
                "isSystem": False,
                "isActive": False,
                "isRequestable": False,
                "isCommunicationLimitEnabled": False,
                "recurrence": week
                | {"startAt": _zoned(program["known_at"]), "endAt": _zoned(self.until)}
                | {"dayOfMonth": 1, "dayOfWeek": "Tuesday", "weekOfMonth": 2},
                "qualificationRuleType": "any",
                "qualificationRuleInterval": 0,
                "qualificationRuleUnit": "day",
                "maxMembers": 0,
                "smartListId": 1,
                "flowId": program["id"],
                "parentProgramId": program["id"],
                "folder": {"type": "Program", "id": program["id"]},
                "createdAt": _zoned(program["known_at"]),
                "updatedAt": _zoned(program["known_at"]),
                "workspace": WORKSPACE,
                "status": "Single Run",
            }
            for program in self.programs[self.programs["known_at"] <= now].to_dict("records")
        ]

    def static_list_records(self) -> list[dict]:
        """The one static list."""
        folder = {"type": "Folder", "id": 1, "folderName": "Marketing Activities"}
        return [
            self._asset(1, "All people", "ST")
            | {"folder": folder, "workspace": WORKSPACE, "computedUrl": "https://app-lon01.marketo.com/#ST1A1LA1"}
        ]

    def email_records(self) -> list[dict]:
        """The e-mails, in a folder that all programs share."""
        return [
            self._asset(email["id"], email["content_name"], "EM")
            | {
                "subject": {"type": "Text", "value": email["content_name"]},
                "fromName": {"type": "Text", "value": "Kolibri"},
                "fromEmail": {"type": "Text", "value": "hello@kolibri.example"},
                "replyEmail": {"type": "Text", "value": "hello@kolibri.example"},
                "operational": False,
                "textOnly": False,
                "publishToMSI": False,
                "webView": True,
                "status": "approved",
                "template": 1,
                "workspace": WORKSPACE,
                "version": 2,
                "autoCopyToText": True,
                "preHeader": "",
                "ccFields": [],
            }
            for email in self.emails.to_dict("records")
        ]

    def form_records(self) -> list[dict]:
        """The forms of the website."""
        return [
            self._asset(number, name, "FO")
            | {
                "theme": "simple",
                "language": "English",
                "locale": "en_US",
                "status": "approved",
                "progressiveProfiling": False,
                "labelPosition": "left",
                "fontFamily": "Arial",
                "fontSize": "13px",
                "knownVisitor": {"type": "form", "template": ""},
                "thankYouList": [{"followupType": "none", "followupValue": "", "default": True}],
                "buttonLocation": 120,
                "buttonLabel": "Submit",
                "waitingLabel": "Please Wait",
            }
            for name, number in self.form_ids.items()
        ]

    def page_records(self) -> list[dict]:
        """The pages of the website, which carry Marketo's script."""
        return [
            self._asset(page["id"], page["content_name"], "LP")
            | {
                "URL": page["url"],
                "computedUrl": page["url"],
                "status": "approved",
                "workspace": WORKSPACE,
                "title": page["content_name"],
                "keywords": "",
                "robots": "index, follow",
                "customHeadHTML": "",
                "facebookOgTags": "",
                "formPrefill": False,
                "mobileEnabled": True,
                "template": 2,
            }
            for page in self.pages.to_dict("records")
        ]

    def folder_records(self) -> list[dict]:
        """The folders that are there from the beginning."""
        return [
            {
                "id": number,
                "name": name,
                "description": "",
                "createdAt": _zoned(self.start),
                "updatedAt": _zoned(self.start),
                "folderId": {"id": number, "type": "Folder"},
                "folderType": kind,
                "parent": {"id": number, "type": "Folder"},
                "path": f"/{name}",
                "isArchive": False,
                "isSystem": True,
                "accessZoneId": 1,
                "workspace": WORKSPACE,
                "url": f"https://app-lon01.marketo.com/#MF{number}A1",
            }
            for number, name, kind in FOLDERS
        ]

    def channel_records(self) -> list[dict]:
        """The channels of programs with their progression statuses."""
        return [
            {
                "id": number,
                "name": name,
                "applicableProgramType": PROGRAM_TYPES[channel],
                "createdAt": _zoned(self.start),
                "updatedAt": _zoned(self.start),
                "progressionStatuses": [
                    {
                        "name": status,
                        "description": "",
                        "type": "default",
                        "hidden": False,
                        "step": step,
                        "success": wins,
                    }
                    for step, status, wins in PROGRAM_STATUSES
                ],
            }
            for number, (channel, name) in enumerate(CHANNELS.items(), 1)
        ]

    def _asset(self, number: int, name: str, mark: str) -> dict:
        return {
            "id": number,
            "name": name,
            "description": "",
            "createdAt": _zoned(self.start),
            "updatedAt": _zoned(self.start),
            "url": f"https://app-lon01.marketo.com/#{mark}{number}A1LA1",
            "folder": {"type": "Folder", "value": 2, "id": 2, "folderName": "Design Studio"},
        }


def _urls(story: Chronicle) -> dict[str, str]:
    """The address of each piece of content that stands on the website."""
    seen = story.entities["activities"][["content_id", "url"]].dropna().drop_duplicates("content_id")
    return dict(zip(seen["content_id"], seen["url"], strict=True))


def _zoned(moment: datetime) -> str:
    """As the asset API writes moments."""
    return f"{written(moment)}+0000"

"""The kinds of activity in Marketo's log that this company has, under the vendor's ids and names."""

from typing import NamedTuple


class ActivityType(NamedTuple):
    """A kind of activity; attributes are pairs of a name and a data type, of which the first is the primary one."""

    id: int
    name: str
    description: str
    primary: tuple[str, str]
    attributes: tuple[tuple[str, str], ...] = ()


_MAIL = (("Campaign Run ID", "integer"), ("Choice Number", "integer"), ("Step ID", "integer"))
_READ = (("Device", "string"), ("Is Mobile Device", "boolean"), ("Platform", "string"), ("User Agent", "string"))
_WEB = (("Client IP Address", "string"), ("Query Parameters", "string"), ("Referrer URL", "string"))
_CHANGE = (("New Value", "string"), ("Old Value", "string"), ("Reason", "string"), ("Source", "string"))
VISIT_WEBPAGE, FILL_OUT_FORM, SEND, DELIVERED, BOUNCED = 1, 2, 6, 7, 8
UNSUBSCRIBE, OPEN, CLICK, NEW_LEAD, CHANGE_VALUE = 9, 10, 11, 12, 13
CHANGE_SCORE, MERGE, DELETE, CHANGE_STAGE, CHANGE_STATUS, DIALOGUE = 22, 32, 37, 101, 104, 158
TYPES = (
    ActivityType(
        VISIT_WEBPAGE,
        "Visit Webpage",
        "User visits a web page",
        ("Webpage ID", "integer"),
        (
            *_WEB,
            ("Search Engine", "string"),
            ("Search Query", "string"),
            ("User Agent", "string"),
            ("Webpage URL", "string"),
        ),
    ),
    ActivityType(
        FILL_OUT_FORM,
        "Fill Out Form",
        "User fills out and submits a form on web page",
        ("Webform ID", "integer"),
        (*_WEB, ("Form Fields", "text"), ("User Agent", "string"), ("Webpage ID", "integer")),
    ),
    ActivityType(
        3, "Click Link", "User clicks link on a page", ("Link ID", "integer"), (*_WEB, ("Webpage ID", "integer"))
    ),
    ActivityType(SEND, "Send Email", "Send Marketo Email to a person", ("Mailing ID", "integer"), _MAIL),
    ActivityType(DELIVERED, "Email Delivered", "Marketo Email delivered", ("Mailing ID", "integer"), _MAIL),
    ActivityType(
        BOUNCED,
        "Email Bounced",
        "Campaign Email is bounced",
        ("Mailing ID", "integer"),
        (*_MAIL, ("Category", "string"), ("Details", "string"), ("Email", "string")),
    ),
    ActivityType(
        UNSUBSCRIBE,
        "Unsubscribe Email",
        "Person unsubscribed from Marketo Email",
        ("Mailing ID", "integer"),
        (*_MAIL, ("Client IP Address", "string"), ("Form Fields", "text"), ("Webform ID", "integer")),
    ),
    ActivityType(OPEN, "Open Email", "User opens Marketo Email", ("Mailing ID", "integer"), (*_MAIL, *_READ)),
    ActivityType(
        CLICK,
        "Click Email",
        "User clicks on a link in a Marketo Email",
        ("Mailing ID", "integer"),
        (*_MAIL, *_READ, ("Link", "string"), ("Link ID", "string"), ("Test Variant", "integer")),
    ),
    ActivityType(
        NEW_LEAD,
        "New Lead",
        "New person or record is added to the lead database",
        ("Lead ID", "integer"),
        (
            ("Created Date", "date"),
            ("Form Name", "string"),
            ("Lead Source", "string"),
            ("SFDC Type", "string"),
            ("Source Type", "string"),
        ),
    ),
    ActivityType(CHANGE_VALUE, "Change Data Value", "Changed data value", ("Attribute Name", "string"), _CHANGE),
    ActivityType(
        CHANGE_SCORE,
        "Change Score",
        "Modify the value of a score field",
        ("Attribute Name", "string"),
        (
            ("Change Value", "string"),
            ("New Value", "integer"),
            ("Old Value", "integer"),
            ("Priority", "integer"),
            ("Reason", "string"),
            ("Relative Score", "integer"),
            ("Relative Urgency", "integer"),
            ("Urgency", "double"),
        ),
    ),
    ActivityType(27, "Email Bounced Soft", "Campaign Email is bounced soft", ("Mailing ID", "integer"), _MAIL),
    ActivityType(
        MERGE,
        "Merge Leads",
        "Merge two or more leads into a single record",
        ("Lead ID", "integer"),
        (
            ("Master Updated", "boolean"),
            ("Merge Fields", "string"),
            ("Merge IDs", "string"),
            ("Merge Source", "string"),
            ("Merged in Sales", "boolean"),
        ),
    ),
    ActivityType(
        CHANGE_STAGE,
        "Change Revenue Stage",
        "Modify the value of a revenue stage",
        ("Model ID", "integer"),
        (
            ("New Stage ID", "integer"),
            ("New Stage", "string"),
            ("Old Stage ID", "integer"),
            ("Old Stage", "string"),
            ("Reason", "string"),
            ("SLA Expiration", "datetime"),
        ),
    ),
    ActivityType(
        CHANGE_STATUS,
        "Change Status in Progression",
        "Change Status in Progression",
        ("Program ID", "integer"),
        (
            ("Acquired By", "boolean"),
            ("New Status", "string"),
            ("New Status ID", "integer"),
            ("Old Status", "string"),
            ("Old Status ID", "integer"),
            ("Program Member ID", "integer"),
            ("Reason", "string"),
            ("Success", "boolean"),
        ),
    ),
    ActivityType(
        DIALOGUE,
        "Engaged with a Dialogue",
        "Visitor engages with a dialogue of Dynamic Chat",
        ("Dialogue ID", "integer"),
        (
            ("Dialogue Name", "string"),
            ("Page URL", "string"),
            ("Query Parameters", "string"),
            ("Referrer URL", "string"),
        ),
    ),
)
DELETE_LEAD = ActivityType(
    DELETE,
    "Delete Lead",
    "Person or record is deleted from the lead database",
    ("Lead ID", "integer"),
    (("Campaign", "string"), ("Lead Name", "string"), ("Remove From CRM", "boolean"), ("Source", "string")),
)

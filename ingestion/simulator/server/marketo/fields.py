"""The fields that a person has in Marketo: standard ones, and those that the company made."""

from typing import NamedTuple


class Field(NamedTuple):
    """A field of a person; `source` is the column of the story's people that fills it, None where it is worked out."""

    id: int
    name: str
    display_name: str
    data_type: str
    length: int | None = None
    source: str | None = None
    is_read_only: bool = False
    is_custom: bool = False


FIELDS = (
    Field(2, "company", "Company Name", "string", 255, "company"),
    Field(10, "country", "Country", "string", 255, "country"),
    Field(29, "firstName", "First Name", "string", 255, "first_name"),
    Field(31, "lastName", "Last Name", "string", 255, "last_name"),
    Field(33, "email", "Email Address", "email", 255, "email"),
    Field(34, "phone", "Phone Number", "phone", 255, "phone"),
    Field(45, "department", "Department", "string", 255, "job_function"),
    Field(46, "title", "Job Title", "string", 255, "job_title"),
    Field(48, "leadSource", "Person Source", "string", 255, "lead_source"),
    Field(49, "leadStatus", "Person Status", "string", 255),
    Field(50, "leadScore", "Person Score", "integer"),
    Field(52, "unsubscribed", "Unsubscribed", "boolean"),
    Field(54, "unsubscribedReason", "Unsubscribed Reason", "text"),
    Field(58, "emailInvalid", "Email Invalid", "boolean"),
    Field(60, "id", "Id", "integer", is_read_only=True),
    Field(61, "createdAt", "Created At", "datetime", is_read_only=True),
    Field(62, "updatedAt", "Updated At", "datetime", is_read_only=True),
    Field(70, "sfdcLeadId", "SFDC Lead Id", "string", 18, "sfdc_lead_id", is_read_only=True),
    Field(71, "sfdcContactId", "SFDC Contact Id", "string", 18, is_read_only=True),
    Field(72, "sfdcAccountId", "SFDC Account Id", "string", 18, is_read_only=True),
    Field(73, "sfdcType", "SFDC Type", "string", 40, is_read_only=True),
    Field(80, "leadRevenueCycleModelId", "Revenue Cycle Model", "integer", is_read_only=True),
    Field(81, "leadRevenueStageId", "Revenue Stage", "integer", is_read_only=True),
    Field(1002, "seniority", "Seniority", "string", 255, "seniority", is_custom=True),
    Field(1003, "persona", "Persona", "string", 255, "persona", is_custom=True),
    Field(1004, "preferredLanguage", "Preferred Language", "string", 40, "language", is_custom=True),
    Field(1005, "productInterest", "Product Interest", "string", 255, "product_interest", is_custom=True),
    Field(1006, "emailOptIn", "Email Opt-in", "boolean", is_custom=True),
    Field(1007, "emailOptInDate", "Email Opt-in Date", "datetime", is_custom=True),
)
# What a company adds one day (the fault `new_field`).
NEW_FIELD = Field(1100, "favouriteColour", "Favourite Colour", "string", 255, is_custom=True)
DEFAULT_FIELDS = ("id", "email", "updatedAt", "createdAt", "lastName", "firstName")
SEARCHABLE = ("email", "id", "cookies", "sfdcLeadId", "sfdcContactId", "sfdcAccountId", "leadPartitionId")
ID_OF = {field.name: field.id for field in FIELDS}
# The attributes of people that the story changes, as fields.
FIELD_OF_ATTRIBUTE = {field.source: field.name for field in FIELDS if field.source}

# The revenue cycle model, and the status that the sync writes from Salesforce, by the story's stage.
MODEL_ID, MODEL_NAME = 1, "Kolibri Revenue Model"
REVENUE_STAGES = {
    "lead": (11, "Known"),
    "mql": (12, "Marketing Qualified"),
    "sql": (13, "Sales Qualified"),
    "opportunity": (14, "Opportunity"),
    "recycled": (15, "Recycled"),
    "disqualified": (16, "Disqualified"),
}
LEAD_STATUSES = {
    "lead": "Open",
    "mql": "Qualified by marketing",
    "sql": "Accepted by sales",
    "opportunity": "Converted",
    "recycled": "Nurture",
    "disqualified": "Disqualified",
}

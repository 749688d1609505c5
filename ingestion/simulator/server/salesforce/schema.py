"""The company's Salesforce objects and their fields, and how the API describes them."""

from dataclasses import dataclass

KEY_PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "OpportunityContactRole": "00K",
    "CampaignMember": "00v",
    "Group": "00G",
    "Lead": "00Q",
    "Individual": "0PK",
    "Task": "00T",
    "Event": "00U",
    "UserRole": "00E",
    "Campaign": "701",
    "OpportunityStage": "01J",
    "LeadStatus": "01J",
    "LeadHistory": "017",
    "ContactHistory": "017",
    "AccountHistory": "017",
    "OpportunityFieldHistory": "017",
    "Organization": "00D",
}
OBJECT_OF_PREFIX = {prefix: name for name, prefix in KEY_PREFIXES.items()}
# Objects whose records `/deleted` and `/updated` tell of.
REPLICATED = (
    *("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Campaign", "CampaignMember", "Task"),
    *("Event", "User"),
)
AUDIT = """
    CreatedDate datetime
    CreatedById reference User CreatedBy
    LastModifiedDate datetime
    LastModifiedById reference User LastModifiedBy
    SystemModstamp datetime
"""
PERSON = """
    LastName string 80
    FirstName string 40
    Salutation picklist
    Name string 121
    Title string 128
    Email email
    Phone phone
    LeadSource picklist
    HasOptedOutOfEmail boolean
    DoNotCall boolean
    OwnerId reference User Owner
    IndividualId reference Individual Individual
    Persona__c picklist
    Job_Function__c picklist
    Seniority__c picklist
    Language__c picklist
    Product_Interest__c picklist
    Stage_Reason__c picklist
"""
HISTORY = """
    Id id
    IsDeleted boolean
    CreatedById reference User CreatedBy
    CreatedDate datetime
    Field picklist
    DataType picklist
    OldValue anyType
    NewValue anyType
"""
# Per object its fields, a line each: name, type, then a length, or what it refers to and the name of that relation.
DECLARED = {
    "Lead": f"""
        Id id
        IsDeleted boolean
        MasterRecordId reference Lead MasterRecord
        {PERSON.replace("User Owner", "Group,User Owner")}
        Company string 255
        Street textarea 255
        City string 40
        State string 80
        PostalCode string 20
        Country string 80
        Address address
        MobilePhone phone
        Website url
        Industry picklist
        AnnualRevenue currency
        NumberOfEmployees int
        Rating picklist
        Status picklist
        Matched_Account__c reference Account Matched_Account__r
        CurrencyIsoCode picklist
        IsConverted boolean
        ConvertedDate date
        ConvertedAccountId reference Account ConvertedAccount
        ConvertedContactId reference Contact ConvertedContact
        ConvertedOpportunityId reference Opportunity ConvertedOpportunity
        IsUnreadByOwner boolean
        {AUDIT}
        LastActivityDate date
        EmailBouncedDate datetime
    """,
    "Contact": f"""
        Id id
        IsDeleted boolean
        MasterRecordId reference Contact MasterRecord
        AccountId reference Account Account
        {PERSON}
        MailingCity string 40
        MailingCountry string 80
        MailingAddress address
        Department string 80
        ReportsToId reference Contact ReportsTo
        Lead_Stage__c picklist
        CurrencyIsoCode picklist
        {AUDIT}
        LastActivityDate date
        EmailBouncedDate datetime
        IsEmailBounced boolean
    """,
    "Account": f"""
        Id id
        IsDeleted boolean
        MasterRecordId reference Account MasterRecord
        Name string 255
        Type picklist
        ParentId reference Account Parent
        BillingCity string 40
        BillingState string 80
        BillingCountry string 80
        BillingAddress address
        Phone phone
        Website url
        Industry picklist
        AnnualRevenue currency
        NumberOfEmployees int
        OwnerId reference User Owner
        Segment__c picklist
        Technology_Tags__c multipicklist
        Churned_At__c datetime
        CurrencyIsoCode picklist
        {AUDIT}
        LastActivityDate date
    """,
    "Opportunity": f"""
        Id id
        IsDeleted boolean
        AccountId reference Account Account
        Name string 120
        Description textarea 32000
        StageName picklist
        Amount currency
        Probability percent
        ExpectedRevenue currency
        CloseDate date
        Type picklist
        NextStep string 255
        LeadSource picklist
        IsClosed boolean
        IsWon boolean
        ForecastCategory picklist
        ForecastCategoryName picklist
        CurrencyIsoCode picklist
        CampaignId reference Campaign Campaign
        ContactId reference Contact Contact
        OwnerId reference User Owner
        Product__c picklist
        Lost_Reason__c picklist
        {AUDIT}
        LastStageChangeDate datetime
        LastActivityDate date
        FiscalQuarter int
        FiscalYear int
    """,
    "OpportunityHistory": """
        Id id
        OpportunityId reference Opportunity Opportunity
        CreatedById reference User CreatedBy
        CreatedDate datetime
        StageName picklist
        Amount currency
        ExpectedRevenue currency
        CloseDate date
        Probability percent
        ForecastCategory picklist
        CurrencyIsoCode picklist
        SystemModstamp datetime
        IsDeleted boolean
    """,
    "OpportunityFieldHistory": HISTORY + "OpportunityId reference Opportunity Opportunity",
    "LeadHistory": HISTORY + "LeadId reference Lead Lead",
    "ContactHistory": HISTORY + "ContactId reference Contact Contact",
    "AccountHistory": HISTORY + "AccountId reference Account Account",
    "OpportunityContactRole": f"""
        Id id
        OpportunityId reference Opportunity Opportunity
        ContactId reference Contact Contact
        Role picklist
        IsPrimary boolean
        IsDeleted boolean
        CurrencyIsoCode picklist
        {AUDIT}
    """,
    "Campaign": f"""
        Id id
        IsDeleted boolean
        Name string 80
        ParentId reference Campaign Parent
        Type picklist
        Status picklist
        StartDate date
        EndDate date
        ExpectedRevenue currency
        BudgetedCost currency
        ActualCost currency
        ExpectedResponse percent
        NumberSent double
        IsActive boolean
        Description textarea 32000
        OwnerId reference User Owner
        Platform__c picklist
        UTM_Campaign__c string 255
        Platform_Campaign_Id__c string 255
        CurrencyIsoCode picklist
        {AUDIT}
    """,
    "CampaignMember": f"""
        Id id
        IsDeleted boolean
        CampaignId reference Campaign Campaign
        LeadId reference Lead Lead
        ContactId reference Contact Contact
        Status picklist
        HasResponded boolean
        FirstRespondedDate date
        Name string 255
        Type picklist
        LeadOrContactId reference Lead,Contact LeadOrContact
        LeadOrContactOwnerId reference User LeadOrContactOwner
        Registered_At__c datetime
        Attended_At__c datetime
        CurrencyIsoCode picklist
        {AUDIT}
    """,
    "Task": f"""
        Id id
        WhoId reference Lead,Contact Who
        WhatId reference Account,Opportunity What
        WhoCount int
        WhatCount int
        Subject combobox 255
        ActivityDate date
        Status picklist
        Priority picklist
        IsHighPriority boolean
        OwnerId reference User Owner
        Description textarea 32000
        Type picklist
        IsDeleted boolean
        AccountId reference Account Account
        IsClosed boolean
        {AUDIT}
        IsArchived boolean
        CallDurationInSeconds int
        CallType picklist
        CallDisposition string 255
        CallObject string 255
        IsReminderSet boolean
        TaskSubtype picklist
        CompletedDateTime datetime
        CurrencyIsoCode picklist
    """,
    "Event": f"""
        Id id
        WhoId reference Lead,Contact Who
        WhatId reference Account,Opportunity What
        WhoCount int
        WhatCount int
        Subject combobox 255
        Location string 255
        IsAllDayEvent boolean
        ActivityDateTime datetime
        ActivityDate date
        DurationInMinutes int
        StartDateTime datetime
        EndDateTime datetime
        Description textarea 32000
        AccountId reference Account Account
        OwnerId reference User Owner
        Type picklist
        IsPrivate boolean
        ShowAs picklist
        IsDeleted boolean
        IsChild boolean
        IsGroupEvent boolean
        GroupEventType picklist
        {AUDIT}
        IsArchived boolean
        IsRecurrence boolean
        EventSubtype picklist
        CurrencyIsoCode picklist
    """,
    "User": f"""
        Id id
        Username string 80
        LastName string 80
        FirstName string 40
        Name string 121
        CompanyName string 80
        Division string 80
        Department string 80
        Title string 80
        Country string 80
        Email email
        Alias string 8
        IsActive boolean
        TimeZoneSidKey picklist
        UserRoleId reference UserRole UserRole
        LocaleSidKey picklist
        LanguageLocaleKey picklist
        ProfileId string 18
        UserType picklist
        ManagerId reference User Manager
        Capacity_Per_Week__c double
        {AUDIT}
    """,
    "Individual": f"""
        Id id
        IsDeleted boolean
        LastName string 80
        FirstName string 40
        Name string 121
        BirthDate date
        ConsumerCreditScore int
        HasOptedOutProcessing boolean
        HasOptedOutSolicit boolean
        ShouldForget boolean
        {AUDIT}
    """,
    "UserRole": """
        Id id
        Name string 80
        ParentRoleId reference UserRole ParentRole
        DeveloperName string 80
        LastModifiedDate datetime
        LastModifiedById reference User LastModifiedBy
        SystemModstamp datetime
    """,
    "Group": f"""
        Id id
        Name string 40
        DeveloperName string 80
        Type picklist
        {AUDIT}
    """,
    "LeadStatus": f"""
        Id id
        MasterLabel string 255
        ApiName string 255
        SortOrder int
        IsDefault boolean
        IsConverted boolean
        {AUDIT}
    """,
    "OpportunityStage": f"""
        Id id
        MasterLabel string 255
        ApiName string 255
        IsActive boolean
        SortOrder int
        IsClosed boolean
        IsWon boolean
        ForecastCategory picklist
        ForecastCategoryName picklist
        DefaultProbability percent
        {AUDIT}
    """,
    "Organization": """
        Id id
        Name string 80
        IsSandbox boolean
        OrganizationType picklist
        InstanceName string 5
        DefaultLocaleSidKey picklist
        TimeZoneSidKey picklist
        SystemModstamp datetime
    """,
}
LEAD_WORDS = {
    "lead": "Open - Not Contacted",
    "mql": "MQL",
    "sql": "Working - SQL",
    "recycled": "Nurture",
    "disqualified": "Unqualified",
    "opportunity": "Closed - Converted",
}
# Of a person who was converted for the sake of a colleague's deal.
CONVERTED_WITHOUT_DEAL = "Converted - Contact"
# Of a Contact, whose stage goes on in Contact.Lead_Stage__c.
CONTACT_WORDS = LEAD_WORDS | {"opportunity": "Opportunity"}
OPPORTUNITY_WORDS = {
    "opportunity": "Qualification",
    "proposal": "Proposal/Price Quote",
    "negotiation": "Negotiation/Review",
    "won": "Closed Won",
    "lost": "Closed Lost",
}
PROBABILITIES = {"opportunity": 10.0, "proposal": 60.0, "negotiation": 80.0, "won": 100.0, "lost": 0.0}
FORECASTS = dict(zip(OPPORTUNITY_WORDS, ("Pipeline", "BestCase", "Forecast", "Closed", "Omitted"), strict=True))
PICKLISTS = {
    "Lead.Status": (*LEAD_WORDS.values(), CONVERTED_WITHOUT_DEAL),
    "Contact.Lead_Stage__c": tuple(CONTACT_WORDS.values()),
    "Opportunity.StageName": tuple(OPPORTUNITY_WORDS.values()),
    "Opportunity.Type": ("New Business", "Expansion", "Renewal"),
    "Task.TaskSubtype": ("Task", "Email", "Call"),
    "Task.CallType": ("Inbound", "Outbound", "Internal"),
    "Task.Status": ("Not Started", "In Progress", "Completed"),
    "CampaignMember.Status": ("Sent", "Registered", "Attended", "Responded"),
}
SOAP_TYPES = {
    **{"id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double"},
    **{"currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime"},
    **{"address": "urn:address", "anyType": "xsd:anyType"},
}
LENGTHS = {"id": 18, "reference": 18, "picklist": 255, "multipicklist": 4099, "email": 80, "phone": 40, "url": 255}
NUMBERS = ("int", "double", "currency", "percent")


@dataclass(frozen=True)
class FieldType:
    """One field of an object; `refers_to` and `relation` for references."""

    name: str
    type: str
    length: int = 0
    refers_to: tuple[str, ...] = ()
    relation: str | None = None

    @property
    def is_custom(self) -> bool:
        return self.name.endswith("__c")


@dataclass(frozen=True)
class ObjectType:
    """One object and its fields by name."""

    name: str
    fields: dict[str, FieldType]

    @property
    def key_prefix(self) -> str:
        return KEY_PREFIXES[self.name]

    def field(self, name: str) -> FieldType | None:
        """By its name in any case."""
        return self.fields.get(name) or next((f for f in self.fields.values() if f.name.lower() == name.lower()), None)

    def relation(self, name: str) -> FieldType | None:
        """The reference that goes by the name of a relation (`Owner`)."""
        return next((f for f in self.fields.values() if f.relation and f.relation.lower() == name.lower()), None)


def object_types(has_new_field: bool = False) -> dict[str, ObjectType]:
    """All objects by name; `has_new_field` gives Lead a field that somebody has just added."""
    types = {name: ObjectType(name, dict(_fields(lines))) for name, lines in DECLARED.items()}
    if has_new_field:
        types["Lead"].fields["Favourite_Colour__c"] = FieldType("Favourite_Colour__c", "string", 40)
    return types


def described(kind: ObjectType, version: str) -> dict:
    """The body of `/sobjects/{X}/describe`."""
    return summary(kind, version) | {
        "actionOverrides": [],
        "childRelationships": [],
        "compactLayoutable": True,
        "fields": [_described_field(kind, field) for field in kind.fields.values()],
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [
            {
                "active": True,
                "available": True,
                "defaultRecordTypeMapping": True,
                "developerName": "Master",
                "master": True,
                "name": "Master",
                "recordTypeId": "012000000000000AAA",
                "urls": {},
            }
        ],
        "searchLayoutable": True,
        "supportedScopes": [{"label": "All records", "name": "everything"}],
    }


def summary(kind: ObjectType, version: str) -> dict:
    """One entry of `/sobjects`."""
    path = f"/services/data/v{version}/sobjects/{kind.name}"
    is_history = kind.name.endswith("History")
    return {
        "activateable": False,
        "createable": not is_history,
        "custom": False,
        "customSetting": False,
        "deletable": not is_history,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isSubtype": False,
        "keyPrefix": kind.key_prefix,
        "label": _label(kind.name),
        "labelPlural": f"{_label(kind.name)}s",
        "layoutable": not is_history,
        "mergeable": kind.name in ("Lead", "Contact", "Account"),
        "mruEnabled": not is_history,
        "name": kind.name,
        "queryable": True,
        "replicateable": kind.name in REPLICATED,
        "retrieveable": True,
        "searchable": not is_history,
        "triggerable": not is_history,
        "undeletable": not is_history,
        "updateable": not is_history,
        "urls": {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"},
    }


def _fields(lines: str):
    for line in lines.split("\n"):
        if line.strip():
            name, kind, *rest = line.split()
            if kind == "reference":
                yield name, FieldType(name, kind, 18, tuple(rest[0].split(",")), rest[1])
            else:
                yield name, FieldType(name, kind, int(rest[0]) if rest else LENGTHS.get(kind, 0))


def _described_field(kind: ObjectType, field: FieldType) -> dict:
    is_own = field.name in ("Id", "IsDeleted", "MasterRecordId", "Name") or field.name in AUDIT
    is_number = field.type in NUMBERS
    return {
        "aggregatable": field.type not in ("address", "textarea"),
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": field.length * 3 if SOAP_TYPES.get(field.type) is None else field.length,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": None,
        "controllerName": None,
        "createable": not is_own,
        "custom": field.is_custom,
        "defaultValue": False if field.type == "boolean" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.type == "boolean" or is_own,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 8 if field.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": False,
        "extraTypeInfo": None,
        "filterable": field.type not in ("address", "textarea"),
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.type not in ("address", "textarea", "datetime", "currency", "double", "percent"),
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.type == "id",
        "inlineHelpText": None,
        "label": _label(field.name),
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name == "Name",
        "namePointing": len(field.refers_to) > 1,
        "nillable": field.type not in ("id", "boolean") and field.name not in AUDIT,
        "permissionable": not is_own,
        "picklistValues": [
            {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
            for value in PICKLISTS.get(f"{kind.name}.{field.name}", ())
        ],
        "polymorphicForeignKey": len(field.refers_to) > 1,
        "precision": 18 if is_number and field.type != "int" else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.refers_to),
        "relationshipName": field.relation,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": False,
        "scale": 2 if is_number and field.type != "int" else 0,
        "searchPrefilterable": field.type == "reference",
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.type not in ("address", "textarea"),
        "type": field.type,
        "unique": False,
        "updateable": not is_own,
        "writeRequiresMasterRead": False,
    }


def _label(name: str) -> str:
    plain = name.removesuffix("__c").replace("_", " ")
    return "".join(f" {c}" if c.isupper() and i and plain[i - 1].islower() else c for i, c in enumerate(plain))

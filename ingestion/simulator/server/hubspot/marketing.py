"""Marketing: forms and submissions, e-mails and what became of them, campaigns, pages, subscriptions."""

from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.hubspot.answers import (
    APP_ID,
    HUB_ID,
    Gate,
    answer,
    body_of,
    invalid,
    listed,
    not_found,
    page,
    whole_number,
)
from ingestion.simulator.server.hubspot.building import milliseconds
from ingestion.simulator.server.hubspot.catalogue import BEGINNING
from ingestion.simulator.server.hubspot.company import FORM_TYPES, MAIL_EVENTS
from ingestion.simulator.server.hubspot.listing import Listing, newest_first
from ingestion.simulator.server.hubspot.portal import Portal
from ingestion.simulator.server.hubspot.records import iso
from ingestion.simulator.systems import hubspot_guid, hubspot_id

FORM_NAMES = {
    "form_submitted": "Contact us",
    "demo_requested": "Request a demo",
    "price_requested": "Request a quote",
    "trial_started": "Start a free trial",
}
SUBSCRIPTIONS = {"marketing_email": ("Marketing email", 101), "phone": ("Phone", 102)}
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
HOME = "https://www.kolibri.example/"
EMAIL_APP = "Batch"
EMAIL_BASE, EMAIL_CAMPAIGN_BASE = 700_000_000, 80_000_000
PAGE_TYPES = {"site-pages": ("page", "case study", "blog post"), "landing-pages": ("e-book", "webinar")}


class Marketing:
    """The handlers of the marketing paths."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def forms(self) -> dict[str, dict[str, Any]]:
        """The forms by their guid."""
        return self.portal.at_present("forms", self._forms)

    def _forms(self) -> dict[str, dict[str, Any]]:
        rows = self.portal.company.activities
        rows = rows[rows["activity_type"].isin(FORM_TYPES)]
        contents = self.portal.state.story.entities["content"].set_index("content_id")["content_name"]
        forms = {}
        for kind, content in sorted(set(zip(rows["activity_type"], rows["content_id"], strict=True))):
            guid = form_guid(kind, content)
            field = {"objectTypeId": "0-1", "name": "email", "label": "Email", "required": True, "hidden": False}
            forms[guid] = {
                "id": guid,
                "name": FORM_NAMES.get(kind) or f"Download: {contents.get(content, content)}",
                "createdAt": BEGINNING,
                "updatedAt": BEGINNING,
                "archived": False,
                "formType": "hubspot",
                "fieldGroups": [
                    {
                        "groupType": "default_group",
                        "richTextType": "text",
                        "fields": [field | {"fieldType": "email"}],
                    }
                ],
                "configuration": {"language": "en", "editable": True, "archivable": True},
                "displayOptions": {"theme": "default_style", "submitButtonText": "Submit"},
                "legalConsentOptions": {"type": "none"},
            }
        return forms

    async def form_listing(self, request: Request) -> Response:
        """All forms."""
        return _listed_answer(self.portal, request, list(self.forms().values()), "forms")

    async def form(self, request: Request) -> Response:
        """One form."""
        found = self.forms().get(request.path_params["id"])
        if found is None:
            raise not_found()
        return answer(found)

    def _submitted(self) -> dict[str, pd.DataFrame]:
        rows = self.portal.activities()
        rows = rows[rows["activity_type"].isin(FORM_TYPES)]
        pairs = rows["activity_type"] + " " + rows["content_id"]
        forms = pairs.map({pair: form_guid(*pair.split(" ")) for pair in pairs.unique()})
        numbers = rows["activity_id"].str[1:].astype("int64")
        moments = milliseconds(rows["occurred_at"])
        rows = rows.assign(form=forms, at=moments, key=newest_first(moments, numbers.to_numpy()))
        return dict(iter(rows.sort_values("key").groupby("form")))

    async def submissions(self, request: Request) -> Response:
        """Who sent a form in, newest first; nothing says which contact it was but the e-mail."""
        guid = request.path_params["guid"]
        if guid not in self.forms():
            raise not_found(f"No form found with guid {guid}")
        size = whole_number(request.query_params.get("limit"), "limit", 20, 50)
        rows = self.portal.at_present("submissions", self._submitted).get(guid)
        if rows is None:
            return answer({"results": []})
        listing = Listing.of(self.portal, np.arange(len(rows)), rows["key"].to_numpy(), size)
        places, after = listing.page(request.query_params.get("after"), size)
        contacts = self.portal.records("contacts")
        results = []
        for row in rows.iloc[places].to_dict("records"):
            place = contacts.place[row["contact"]]
            values = [{"objectTypeId": "0-1", "name": "email", "value": row["email"]}]
            values += [
                {"objectTypeId": "0-1", "name": name, "value": contacts.values[name][place]}
                for name in ("firstname", "lastname")
                if contacts.values[name][place]
            ]
            result = {
                "conversionId": hubspot_guid(row["activity_id"]),
                "submittedAt": row["at"],
                "values": values,
                "pageUrl": url_with_tags(row),
            }
            results.append(result | ({"priority": "low"} if self.portal.has("new_field") else {}))
        next_page = {"paging": {"next": {"after": after}}} if after else {}
        return answer({"results": results} | next_page)

    def emails(self) -> pd.DataFrame:
        """The marketing e-mails: one per content and campaign that was ever sent."""
        return self.portal.at_present("emails", self._emails)

    def _emails(self) -> pd.DataFrame:
        rows = self.portal.company.activities
        rows = rows[rows["activity_type"].isin(MAIL_EVENTS) & (rows["actor"] != "rep")]
        pairs = rows.groupby(["content_id", "campaign_id"])["known_at"].min().reset_index()
        numbers = np.arange(1, len(pairs) + 1)
        pairs = pairs.assign(email=EMAIL_BASE + numbers, email_campaign=EMAIL_CAMPAIGN_BASE + numbers)
        return pairs[pairs["known_at"] <= self.portal.now]

    async def email_listing(self, request: Request) -> Response:
        """The marketing e-mails that have been sent."""
        return _listed_answer(self.portal, request, self.written_emails(), "emails")

    async def email(self, request: Request) -> Response:
        """One marketing e-mail."""
        for email in self.written_emails():
            if email["id"] == request.path_params["id"]:
                return answer(email)
        raise not_found()

    def written_emails(self) -> list[dict[str, Any]]:
        """The marketing e-mails as the API gives them."""
        contents = self.portal.state.story.entities["content"].set_index("content_id")["content_name"]
        campaigns = self.portal.company.campaigns.set_index("campaign_id")
        written = []
        for row in self.emails().to_dict("records"):
            name = campaigns["campaign_name"].get(row["campaign_id"])
            moment = iso(pd.Timestamp(row["known_at"]).value // 1_000_000)
            written.append(
                {
                    "id": str(row["email"]),
                    "name": f"{contents[row['content_id']]}",
                    "subject": contents[row["content_id"]],
                    "state": "AUTOMATED",
                    "type": "AUTOMATED_EMAIL",
                    "campaign": campaigns["guid"].get(row["campaign_id"]),
                    "campaignName": name,
                    "primaryEmailCampaignId": str(row["email_campaign"]),
                    "allEmailCampaignIds": [str(row["email_campaign"])],
                    "isPublished": True,
                    "archived": False,
                    "createdAt": moment,
                    "updatedAt": moment,
                    "publishDate": moment,
                }
            )
        return written

    def sent(self) -> dict[str, Any]:
        """What became of each e-mail, newest first, as columns; and who subscribed."""
        return self.portal.at_present("email events", self._events)

    def _events(self) -> dict[str, Any]:
        rows = self.portal.activities()
        rows = rows[rows["activity_type"].isin(MAIL_EVENTS) & (rows["actor"] != "rep")]
        mails = rows.merge(self.emails(), on=["content_id", "campaign_id"], how="left", suffixes=("", "_of_email"))
        numbers = mails["activity_id"].str[1:].astype("int64").to_numpy()
        consents = self.portal.company.consents
        subscribed = consents[
            (consents["status"] == "granted")
            & (consents["purpose"] == "marketing_email")
            & (consents["known_at"] <= self.portal.now)
        ]
        subscribed = subscribed[self.portal.contact_of(subscribed["contact"]).notna()]
        frame = pd.concat(
            [
                pd.DataFrame(
                    {
                        "type": mails["activity_type"].map(MAIL_EVENTS),
                        "recipient": mails["email"],
                        "created": milliseconds(mails["occurred_at"]),
                        "email_campaign": mails["email_campaign"].fillna(0).astype("int64"),
                        "id": [hubspot_guid(own) for own in mails["activity_id"]],
                        "number": numbers,
                        "status": np.where(mails["activity_type"] == "unsubscribed", "UNSUBSCRIBED", ""),
                        "link": self._links(mails),
                    }
                ),
                pd.DataFrame(
                    {
                        "type": "STATUSCHANGE",
                        "recipient": subscribed["email"],
                        "created": milliseconds(subscribed["changed_at"]),
                        "email_campaign": 0,
                        "id": [
                            hubspot_guid(f"{lead} granted {moment}")
                            for lead, moment in zip(subscribed["lead_id"], subscribed["changed_at"], strict=True)
                        ],
                        "number": subscribed["contact"].astype("int64"),
                        "status": "SUBSCRIBED",
                        "link": None,
                    }
                ),
            ],
            ignore_index=True,
        )
        frame = frame.assign(key=newest_first(frame["created"].to_numpy(), frame["number"].to_numpy()))
        frame = frame.sort_values("key", ignore_index=True)
        return {name: frame[name].to_numpy() for name in frame.columns}

    def _links(self, mails: pd.DataFrame) -> pd.Series:
        """What was clicked on: the home page with the campaign's tags."""
        links = pd.Series(None, index=mails.index, dtype=object)
        clicks = mails[mails["activity_type"] == "email_clicked"]
        for place, row in zip(clicks.index, clicks[["url", "click_id", *UTM]].to_dict("records"), strict=True):
            links[place] = url_with_tags(row | {"url": HOME})
        return links

    async def events(self, request: Request) -> Response:
        """Per recipient what became of marketing e-mails, newest first."""
        asked = request.query_params
        size = whole_number(asked.get("limit"), "limit", 10, 1000)
        events = self.sent()
        names = ("startTimestamp", "endTimestamp", "eventType", "recipient", "campaignId")
        filters = tuple(asked.get(name) for name in names)
        listing = self.portal.at_present(
            ("email events", filters, size, repr(self.portal.state.faults.shares)),
            lambda: self._chosen(events, filters, size),
        )
        places, after = listing.page(asked.get("offset"), size)
        body = {"hasMore": after is not None, "offset": after or "", "events": [_event(events, p) for p in places]}
        if self.portal.has("new_field"):
            for event in body["events"]:
                event["mood"] = "calm"
        return answer(body)

    def _chosen(self, events: dict[str, Any], filters: tuple[str | None, ...], size: int) -> Listing:
        start, end, kind, recipient, campaign = filters
        chosen = np.ones(len(events["created"]), dtype=bool)
        if start:
            chosen &= events["created"] >= whole_number(start, "startTimestamp", 0, 2**62, least=0)
        if end:
            chosen &= events["created"] <= whole_number(end, "endTimestamp", 0, 2**62, least=0)
        if kind:
            chosen &= events["type"] == kind
        if recipient:
            chosen &= events["recipient"] == recipient
        if campaign:
            chosen &= events["email_campaign"] == whole_number(campaign, "campaignId", 0, 2**62)
        positions = np.flatnonzero(chosen)
        return Listing.of(self.portal, positions, events["key"][positions], size)

    async def campaign_listing(self, request: Request) -> Response:
        """Campaigns with the properties that are asked for."""
        rows = [self._campaign(row, listed(request, "properties")) for row in self._campaigns()]
        return _listed_answer(self.portal, request, rows, "campaigns", most=100, default=50)

    async def campaign(self, request: Request) -> Response:
        """One campaign."""
        return answer(self._campaign(self._one_campaign(request), listed(request, "properties")))

    def _campaigns(self) -> list[dict[str, Any]]:
        rows = self.portal.company.campaigns
        return rows[rows["known_at"] <= self.portal.now].to_dict("records")

    def _one_campaign(self, request: Request) -> dict[str, Any]:
        for row in self._campaigns():
            if row["guid"] == request.path_params["guid"]:
                return row
        raise not_found()

    def _campaign(self, row: dict[str, Any], names: list[str]) -> dict[str, Any]:
        aliases = self.portal.state.story.entities["campaign_aliases"]
        own = aliases[(aliases["campaign_id"] == row["campaign_id"]) & ~aliases["alias"].astype(str).str.isdigit()]
        budget = row["budget_amount_local"]
        values = {
            "hs_name": row["campaign_name"],
            "hs_start_date": _day(row["start_date"]),
            "hs_end_date": _day(row["end_date"]),
            "hs_utm": own["alias"].iloc[0] if len(own) else None,
            "hs_currency_code": row["currency"] if isinstance(row["currency"], str) else "EUR",
            "hs_budget_items_sum_amount": f"{budget:.15g}" if budget == budget else None,
            "hs_campaign_status": "in_progress",
            "hs_object_id": hubspot_id(row["campaign_id"]),
        }
        moment = iso(pd.Timestamp(row["known_at"]).value // 1_000_000)
        properties = {name: values.get(name) for name in names} if names else {}
        return {"id": row["guid"], "properties": properties, "createdAt": moment, "updatedAt": moment}

    async def budget(self, request: Request) -> Response:
        """A campaign's budget and spend items."""
        row = self._one_campaign(request)
        amount = row["budget_amount_local"]
        currency = row["currency"] if isinstance(row["currency"], str) else "EUR"
        moment = int(pd.Timestamp(row["known_at"]).value // 1_000_000)
        told = {"createdAt": moment, "updatedAt": moment, "order": 0}
        items = []
        if amount == amount:
            items = [told | {"id": hubspot_id(row["campaign_id"]), "name": "Monthly budget", "amount": float(amount)}]
        spent = self._spend_items(row)
        total, spend = sum(item["amount"] for item in items), round(sum(item["amount"] for item in spent), 2)
        return answer(
            {
                "budgetItems": items,
                "budgetTotal": total,
                "currencyCode": currency,
                "remainingBudget": round(total - spend, 2),
                "spendItems": spent,
                "spendTotal": spend,
            }
        )

    def _spend_items(self, campaign: dict[str, Any]) -> list[dict[str, Any]]:
        """One per month that is over: it says when it was entered, its name says what it is for."""
        rows = self.portal.state.story.entities["campaign_spend_daily"]
        rows = rows[(rows["campaign_id"] == campaign["campaign_id"]) & (rows["date"] < self.portal.now)]
        items = []
        months = rows.groupby(rows["date"].dt.to_period("M"))["cost_amount_local"].sum()
        for order, (month, amount) in enumerate(months.items()):
            entered = pd.Timestamp(month.end_time).value // 1_000_000
            if entered > pd.Timestamp(self.portal.now).value // 1_000_000:
                continue
            number = int(hubspot_id(campaign["campaign_id"])) * 1000 + order
            item = {"id": str(number), "name": f"Media {month}", "amount": round(float(amount), 2), "order": order}
            items.append(item | {"createdAt": entered, "updatedAt": entered})
        return items

    async def pages(self, request: Request) -> Response:
        """Website or landing pages."""
        contents = self.portal.state.story.entities["content"]
        rows = contents[contents["content_type"].isin(PAGE_TYPES[request.path_params["kind"]])]
        urls = self.portal.company.activities.dropna(subset=["url", "content_id"]).drop_duplicates("content_id")
        urls = urls.set_index("content_id")["url"]
        written = [
            {
                "id": page_id(row["content_id"]),
                "name": row["content_name"],
                "slug": str(urls.get(row["content_id"], "")).partition(".example/")[2],
                "url": urls.get(row["content_id"]),
                "state": "PUBLISHED",
                "currentState": "PUBLISHED",
                "language": "en",
                "archived": False,
                "createdAt": BEGINNING,
                "updatedAt": BEGINNING,
            }
            for row in rows.to_dict("records")
        ]
        return _listed_answer(self.portal, request, written, "pages")

    def _subscriptions(self) -> dict[str, list[dict[str, Any]]]:
        """The latest status per address."""
        rows = self.portal.company.consents
        rows = rows[(rows["known_at"] <= self.portal.now) & self.portal.contact_of(rows["contact"]).notna()]
        rows = rows.sort_values("changed_at", kind="stable").drop_duplicates(["email", "purpose"], keep="last")
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows.to_dict("records"):
            name, number = SUBSCRIPTIONS.get(row["purpose"], (row["purpose"], 199))
            status = {
                "channel": "EMAIL",
                "source": "Form",
                "status": "SUBSCRIBED" if row["status"] == "granted" else "UNSUBSCRIBED",
                "subscriberIdString": row["email"],
                "subscriptionId": number,
                "subscriptionName": name,
                "timestamp": iso(pd.Timestamp(row["changed_at"]).value // 1_000_000),
                "legalBasis": "CONSENT_WITH_NOTICE",
            }
            found.setdefault(row["email"].lower(), []).append(status)
        return found

    async def statuses(self, request: Request) -> Response:
        """Subscription statuses of up to 100 addresses."""
        inputs = (await body_of(request)).get("inputs") or []
        if not 1 <= len(inputs) <= 100:
            raise invalid(f"Invalid input JSON: between 1 and 100 inputs are allowed, were {len(inputs)}")
        known = self.portal.at_present("subscriptions", self._subscriptions)
        results = [{"subscriberIdString": one, "statuses": known.get(str(one).lower(), [])} for one in inputs]
        return answer(self._completed(results))

    async def status(self, request: Request) -> Response:
        """Subscription statuses of one address (v4)."""
        known = self.portal.at_present("subscriptions", self._subscriptions)
        return answer(self._completed(known.get(request.path_params["email"].lower(), [])))

    async def status_v3(self, request: Request) -> Response:
        """Subscription statuses of one address (v3)."""
        email = request.path_params["email"]
        known = self.portal.at_present("subscriptions", self._subscriptions).get(email.lower(), [])
        rows = [
            {
                "id": str(one["subscriptionId"]),
                "name": one["subscriptionName"],
                "description": "",
                "status": "SUBSCRIBED" if one["status"] == "SUBSCRIBED" else "NOT_SUBSCRIBED",
                "sourceOfStatus": "SUBSCRIPTION_STATUS",
                "legalBasis": one["legalBasis"],
            }
            for one in known
        ]
        return answer({"recipient": email, "subscriptionStatuses": rows})

    async def definitions(self, request: Request) -> Response:
        """The kinds of subscription."""
        rows = [
            {
                "id": str(number),
                "name": name,
                "description": "",
                "purpose": "Marketing" if purpose == "marketing_email" else "Sales",
                "communicationMethod": "Email",
                "isActive": True,
                "isDefault": False,
                "isInternal": False,
                "createdAt": BEGINNING,
                "updatedAt": BEGINNING,
            }
            for purpose, (name, number) in SUBSCRIPTIONS.items()
        ]
        is_v3 = "/v3/" in request.url.path
        return answer({"subscriptionDefinitions": rows} if is_v3 else self._completed(rows))

    def _completed(self, results: list[Any]) -> dict[str, Any]:
        moment = iso(int(self.portal.state.now.timestamp() * 1000))
        return {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}


def form_guid(kind: str, content: str) -> str:
    """The guid of the form for one purpose and content."""
    return hubspot_guid(f"form {kind} {content}")


def page_id(content: str) -> str:
    """The number of a page."""
    return str(90_000_000 + int(content[1:]))


def url_with_tags(row: dict[str, Any]) -> str | None:
    """The address of a page with its UTM tags and click id."""
    url = row["url"]
    if not isinstance(url, str):
        return None
    tags = {name: row[name] for name in UTM if isinstance(row[name], str)}
    if isinstance(row["click_id"], str):
        name, _, value = row["click_id"].partition(":")
        tags[name] = value
    return f"{url}?{urlencode(tags)}" if tags else url


def _event(events: dict[str, Any], place: int) -> dict[str, Any]:
    kind, created = events["type"][place], int(events["created"][place])
    event = {
        "appId": APP_ID,
        "appName": EMAIL_APP,
        "created": created,
        "emailCampaignId": int(events["email_campaign"][place]),
        "id": events["id"][place],
        "portalId": HUB_ID,
        "recipient": events["recipient"][place],
        "type": kind,
    }
    if kind == "STATUSCHANGE":
        status = events["status"][place]
        number = SUBSCRIPTIONS["marketing_email"][1]
        event |= {
            "portalSubscriptionStatus": status,
            "subscriptions": [{"id": number, "status": status, "legalBasisChange": {}}],
            "source": "SOURCE_RECIPIENT",
            "requestedBy": events["recipient"][place],
        }
        if status == "SUBSCRIBED":
            del event["emailCampaignId"]
    elif kind == "BOUNCE":
        event |= {"category": "UNKNOWN_USER", "status": "5.0.0", "response": "550 5.1.1 unknown user"}
    elif kind == "CLICK":
        event |= {"url": events["link"][place], "deviceType": "COMPUTER"}
    return event


def _day(moment: Any) -> str | None:
    return None if pd.isna(moment) else str(pd.Timestamp(moment).date())


def _listed_answer(
    portal: Portal, request: Request, rows: list[dict[str, Any]], name: str, most: int = 1000, default: int = 10
) -> Response:
    size = whole_number(request.query_params.get("limit"), "limit", default, most)
    start = whole_number(request.query_params.get("after"), "after", 0, 10**9, least=0)
    if request.query_params.get("archived", "false").lower() == "true":
        return answer({"total": 0, "results": []})
    results, paging = page(request, portal.pages(rows, size), start, size)
    return answer({"total": len(rows), "results": results} | paging)


def routes(portal: Portal, gate: Gate) -> list[Route]:
    """The paths of marketing."""
    marketing = Marketing(portal)
    campaigns = "/marketing/v3/campaigns"
    preferences = "/communication-preferences"
    batch_scope, read_scope = "communication_preferences.statuses.batch.read", "communication_preferences.read"
    campaign_scope = "marketing.campaigns.read"
    submissions = "/form-integrations/v1/submissions/forms/{guid}"
    return [
        *(Route(f"/marketing/v3/forms{end}", gate.guarded(marketing.form_listing, "forms")) for end in ("", "/")),
        Route("/marketing/v3/forms/{id}", gate.guarded(marketing.form, "forms")),
        Route(submissions, gate.guarded(marketing.submissions, "forms")),
        *(Route(f"/marketing/v3/emails{end}", gate.guarded(marketing.email_listing, "content")) for end in ("", "/")),
        Route("/marketing/v3/emails/{id}", gate.guarded(marketing.email, "content")),
        Route("/email/public/v1/events", gate.guarded(marketing.events, "content")),
        *(Route(f"{campaigns}{end}", gate.guarded(marketing.campaign_listing, campaign_scope)) for end in ("", "/")),
        Route(f"{campaigns}/{{guid}}", gate.guarded(marketing.campaign, campaign_scope)),
        Route(f"{campaigns}/{{guid}}/budget/totals", gate.guarded(marketing.budget, campaign_scope)),
        Route("/cms/v3/pages/{kind:str}", gate.guarded(marketing.pages, "content")),
        Route(f"{preferences}/v4/statuses/batch/read", gate.guarded(marketing.statuses, batch_scope), methods=["POST"]),
        Route(f"{preferences}/v4/statuses/{{email}}", gate.guarded(marketing.status, read_scope)),
        Route(f"{preferences}/v3/status/email/{{email}}", gate.guarded(marketing.status_v3, read_scope)),
        *(
            Route(f"{preferences}/{version}/definitions", gate.guarded(marketing.definitions, read_scope))
            for version in ("v3", "v4")
        ),
    ]

"""Marketing: forms and who sent them in, e-mails, campaigns with their spend items, pages, subscriptions.

None of these listings can be asked for changes alone, so each is read to its end in every load; what is no longer in
it has been deleted. But a form that was archived takes its submissions off the list, and they happened all the same.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ingestion.pages import Page, Stream
from ingestion.sources.hubspot import crm
from ingestion.sources.hubspot.client import Client
from ingestion.sources.hubspot.crm import CrmObject, written
from ingestion.sources.hubspot.crm import moment as moment_of
from ingestion.sources.hubspot.events import address_parts
from ingestion.sources.hubspot.settings import HubSpotSettings

FORMS = "/marketing/v3/forms"
PAGE_SIZE, SUBMISSIONS_PAGE_SIZE, ADDRESSES_PER_REQUEST = 100, 50, 100
CAMPAIGN_PROPERTIES = (
    *("hs_name", "hs_start_date", "hs_end_date", "hs_utm", "hs_budget_items_sum_amount", "hs_currency_code"),
    "hs_campaign_status",
)
# HubSpot lists the first kind alone unless it is told; what is sent in by a captured or a pop-up form counts as well.
FORM_TYPES = ("hubspot", "captured", "flow", "blog_comment")
ADDRESSES = CrmObject("contacts", ("email", "hs_additional_emails"))
Row = dict[str, Any]


class Marketing:
    """Streams of marketing."""

    def __init__(self, client: Client, settings: HubSpotSettings, reader: crm.Crm) -> None:
        self.client = client
        self.settings = settings
        self.reader = reader

    def forms(self) -> Stream:
        """The forms."""
        return self._whole("forms", FORMS, lambda form: {"forms": [form]}, formTypes=FORM_TYPES)

    def submissions(self) -> Stream:
        """What was sent in, form by form."""
        return Stream("form_submissions", self._submissions)

    def emails(self) -> Stream:
        """Marketing e-mails, and the numbers by which their events name them."""

        def rows(email: Row) -> dict[str, list[Row]]:
            numbers = [email.get("primaryEmailCampaignId"), *(email.get("allEmailCampaignIds") or [])]
            named = [{"email_campaign_id": one, "email_id": email["id"]} for one in dict.fromkeys(numbers) if one]
            kept = {name: value for name, value in email.items() if name not in ("content", "webversion", "testing")}
            return {"marketing_emails": [kept], "marketing_email_campaigns": named}

        return self._whole("marketing_emails", "/marketing/v3/emails", rows, also=("marketing_email_campaigns",))

    def pages(self) -> Stream:
        """Website and landing pages."""

        def read(cursor: Any, bookmark: Any) -> Iterator[Page]:
            for kind in ("site-pages", "landing-pages"):
                if bookmark and bookmark["kind"] == "landing-pages" and kind == "site-pages":
                    continue
                after = bookmark["after"] if bookmark and bookmark["kind"] == kind else None
                for pages, following in self.client.listing(f"/cms/v3/pages/{kind}", after, limit=PAGE_SIZE):
                    rows = [_page_row(page, kind.removesuffix("-pages")) for page in pages]
                    going_on = {"kind": kind, "after": following} if following else None
                    if kind == "site-pages" and following is None:
                        going_on = {"kind": "landing-pages", "after": None}
                    yield Page({"pages": rows}, bookmark=going_on)

        return Stream("pages", read, whole=("pages",))

    def campaigns(self) -> Stream:
        """Campaigns, each with the items of what was spent."""

        def rows(campaign: Row) -> dict[str, list[Row]]:
            told = {name: value for name, value in campaign.items() if name != "properties"}
            budget = self.client.get(f"/marketing/v3/campaigns/{campaign['id']}/budget/totals")
            items = [
                item | {"campaign_id": campaign["id"], "currency_code": budget.get("currencyCode")}
                for item in budget.get("spendItems") or []
            ]
            return {"campaigns": [(campaign.get("properties") or {}) | told], "campaign_spend_items": items}

        properties = ",".join(CAMPAIGN_PROPERTIES)
        path = "/marketing/v3/campaigns"
        return self._whole("campaigns", path, rows, also=("campaign_spend_items",), properties=properties)

    def subscription_types(self) -> Stream:
        """The kinds of subscription that people may have."""

        def read(cursor: Any, bookmark: Any) -> Iterator[Page]:
            types = self.client.get("/communication-preferences/v3/definitions")["subscriptionDefinitions"]
            yield Page({"subscription_types": types})

        return Stream("subscription_types", read, whole=("subscription_types",))

    def subscriptions(self) -> Stream:
        """Who may be written to: of all contacts the first time, then of those who were modified."""
        return Stream("subscription_statuses", self._subscriptions)

    def _whole(
        self,
        name: str,
        path: str,
        rows_of: Callable[[Row], dict[str, list[Row]]],
        also: tuple[str, ...] = (),
        **asked: Any,
    ) -> Stream:
        def read(cursor: Any, bookmark: Any) -> Iterator[Page]:
            for records, after in self.client.listing(path, bookmark, limit=PAGE_SIZE, **asked):
                rows: dict[str, list[Row]] = {}
                for record in records:
                    for table, found in rows_of(record).items():
                        rows.setdefault(table, []).extend(found)
                yield Page(rows, bookmark=after)

        return Stream(name, read, whole=(name, *also))

    def _submissions(self, cursor: Any, bookmark: Any) -> Iterator[Page]:
        listing = self.client.listing(FORMS, limit=PAGE_SIZE, formTypes=FORM_TYPES)
        forms = sorted({form["id"] for found, _ in listing for form in found})
        state = bookmark or {"form": "", "after": None}
        for form in forms:
            if form < state["form"]:
                continue
            after = state["after"] if form == state["form"] else None
            path = f"/form-integrations/v1/submissions/forms/{form}"
            for submissions, following in self.client.listing(path, after, limit=SUBMISSIONS_PAGE_SIZE):
                rows = [submission_row(form, submission) for submission in submissions]
                # Of the forms that are listed, what is not among the rows has been erased.
                deleted = {} if after else {"form_submissions": [{"form_id": form}]}
                # At the end of a form the bookmark stands just behind it.
                place = {"form": form, "after": following} if following else {"form": form + "~", "after": None}
                yield Page({"form_submissions": rows}, deleted, bookmark=place)

    def _subscriptions(self, cursor: Any, bookmark: Any) -> Iterator[Page]:
        if cursor is None:
            state = bookmark or {"cursor": self.reader.newest_modification(ADDRESSES), "after": None}
            listing = self.client.listing(
                ADDRESSES.path, state["after"], limit=PAGE_SIZE, properties="email,hs_additional_emails"
            )
            for contacts, after in listing:
                going_on = {"cursor": state["cursor"], "after": after} if after else None
                yield Page(self._statuses(contacts), bookmark=going_on, cursor=state["cursor"])
            return
        state = bookmark or {"newest": cursor, "position": None}
        begin = written(moment_of(cursor) - self.settings.overlap)
        newest = state["newest"]
        for found, following in self.reader.search(ADDRESSES, begin, state["position"]):
            newest = max([newest, *(record["properties"][ADDRESSES.modified] for record in found)], key=moment_of)
            going_on = {"newest": newest, "position": following} if following else None
            yield Page(self._statuses(found), bookmark=going_on, cursor=None if following else newest)

    def _statuses(self, contacts: list[Row]) -> dict[str, list[Row]]:
        addresses = list(dict.fromkeys(address for contact in contacts for address in crm.addresses(contact)))
        rows: list[Row] = []
        for start in range(0, len(addresses), ADDRESSES_PER_REQUEST):
            body = {"inputs": addresses[start : start + ADDRESSES_PER_REQUEST]}
            answer = self.client.post("/communication-preferences/v4/statuses/batch/read?channel=EMAIL", body)
            found = [status for result in answer["results"] for status in result.get("statuses") or []]
            rows += [_renamed(status, timestamp="changed_at") for status in found]
        return {"subscription_statuses": rows}


def submission_row(form: str, submission: Row) -> Row:
    """A submission as one row; its values stay as they are, since every form has other fields."""
    values = submission.get("values") or []
    email = next((value.get("value") for value in values if value.get("name") == "email"), None)
    return {
        **submission,
        **address_parts(submission.get("pageUrl")),
        "form_id": form,
        "email": email,
    }


def _page_row(page: Row, kind: str) -> Row:
    kept = ("id", "name", "url", "slug", "state", "language", "archived", "createdAt", "updatedAt", "publishDate")
    return {name: page[name] for name in kept if name in page} | {"page_type": kind}


def _renamed(row: Row, **names: str) -> Row:
    return {names.get(name, name): value for name, value in row.items()}

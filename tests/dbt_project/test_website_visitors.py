"""Who submits a form is one person with what they did before it and with the CRM's record; strangers stay strangers."""

# ruff: noqa: E501

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from refreshing import refreshed

pytestmark = pytest.mark.refresh

SITE = "https://kolibri.example"
AD = f"{SITE}/?utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=c1&email=anna@acme.example"


def event(name: str, kind: str, moment: str, visitor: str | None, **more: object) -> dict:
    return {"event_id": name, "event_type": kind, "occurred_at": f"{moment}Z", "anonymous_id": visitor, **more}


CONSENT = [{"purpose": "marketing_email", "status": "granted"}]
EVENTS = [
    event("a1", "page_view", "2026-02-01T09:00:00", "anna-phone", url=AD),
    event("a2", "page_view", "2026-02-08T09:00:00", "anna-desk", url=f"{SITE}/pricing", referrer=f"{SITE}/"),
    event("a3", "form_submitted", "2026-02-08T09:05:00", "anna-desk", form_id="demo", email="Anna@Acme.example", landing_page=AD, full_name="Anna Nowak", consent=CONSENT),
    event("a4", "generate_lead", "2026-02-20T10:00:00", "anna-phone", email="anna@acme.example", job_title="CTO"),
    event("b1", "webinar_registered", "2026-02-03T10:00:00", "ben", email="ben@beta.example", country="Polska"),
    event("b2", "form_submitted", "2026-02-04T10:00:00", "ben", email="ben@beta.example", country="DE", job_title="CFO"),
    event("b3", "unsubscribed", "2026-02-05T10:00:00", "ben", consent=[{"purpose": "marketing_email", "status": "withdrawn"}]),
    event("s1", "page_view", "2026-02-02T10:00:00", "stranger", referrer="https://www.bing.com/search?q=secret"),
    # Where addresses do not belong: in the path of a page, in a tag, as the id of a visitor.
    event("s2", "page_view", "2026-02-06T10:00:00", "anna@acme.example", url=f"{SITE}/leave/anna@acme.example", utm_content="anna%40acme.example"),
]  # fmt: skip


def exported(name: str, moment: str, visitor: str, location: str = f"{SITE}/", **more: str) -> dict:
    """An event as Google Analytics exports it; what is given besides are its parameters."""
    own = {name: value for name, value in more.items() if name != "user_id"}
    parameters = {"page_location": location, "ga_session_id": int(moment[8:10]), **own}
    return {
        "event_date": moment[:10].replace("-", ""),
        "event_timestamp": str(int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1_000_000)),
        "event_name": name,
        "event_params": [
            {"key": key, "value": {"int_value" if isinstance(value, int) else "string_value": value}}
            for key, value in parameters.items()
        ],
        "user_pseudo_id": visitor,
        "user_id": more.get("user_id"),
    }


EXPORTED = [
    exported("page_view", "2026-01-20T09:00:00", "anna-desk", f"{SITE}/?utm_source=kolibri&utm_medium=email"),
    exported("session_start", "2026-02-15T09:00:00", "carl", f"{SITE}/?gclid=c2"),
    exported("page_view", "2026-02-15T09:00:00", "carl", f"{SITE}/?gclid=c2"),
    exported("generate_lead", "2026-02-15T09:05:00", "carl", form_id="price-list", lead_id="8"),
    exported("page_view", "2026-02-16T09:00:00", "carl-phone", user_id="8"),
    exported("page_view", "2026-02-17T09:00:00", "nobody", user_id="999"),
]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a CRM in files and a website with a web analytics tool, after a refresh."""
    data_dir = tmp_path_factory.mktemp("website")
    for folder in ("inbox", "events", "export"):
        (data_dir / folder).mkdir()
    # The CRM learns of Anna two days after the website.
    (data_dir / "inbox" / "leads.csv").write_text(
        "lead_id,email,full_name,created_at,job_title,lead_source\n7,anna@acme.example,,2026-02-10T08:00:00Z,VP IT,event\n"
        "8,carl@gamma.example,,2026-02-15T09:05:02Z,CIO,\n"
        "9,,Beta,Anna Nowak,,\n"  # a cell too far to the right
    )
    (data_dir / "inbox" / "lead_stage_changes.csv").write_text(
        "lead_id,stage,changed_at,reason\n7,lead,2026-02-10T08:00:00Z,\n"
        "7,mql,2026-02-11T08:00:00Z,write to anna@acme.example or +48 600 100 200\n"
    )
    lines = "".join(f"{json.dumps(line)}\n" for line in EVENTS)
    (data_dir / "events" / "2026-02.jsonl").write_text(f"{lines}broken\n")
    for day in {line["event_date"] for line in EXPORTED}:
        lines = "".join(f"{json.dumps(line)}\n" for line in EXPORTED if line["event_date"] == day)
        (data_dir / "export" / f"events_{day}.jsonl").write_text(lines)
    return refreshed(
        {
            "FUNNELHOUSE_DATA_DIR": str(data_dir),
            "FUNNELHOUSE_SOURCES": "files,web_events,google_analytics",
            "FUNNELHOUSE_GOOGLE_ANALYTICS_EXPORT_DIR": str(data_dir / "export"),
            "FUNNELHOUSE_FILES_DIR": str(data_dir / "inbox"),
            "FUNNELHOUSE_AS_OF": "2026-03-01T00:00:00Z",
        }
    )


@pytest.fixture(scope="module")
def ask(published: Path) -> Callable[[str], list[tuple]]:
    def asked(sql: str) -> list[tuple]:
        with duckdb.connect(str(published / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return asked


def test_the_website_and_the_crm_know_one_person(ask):
    [(anna, title, created_at), (_, ben_title, ben_created_at)] = ask(
        "select lead_id, job_title, created_at::varchar from unified.leads where job_title != 'CIO' order by created_at desc"
    )
    assert (title, created_at) == ("VP IT", "2026-02-08 09:05:00")  # the CRM's word, and the older moment
    assert (ben_title, ben_created_at) == ("CFO", "2026-02-03 10:00:00")
    rules = ask(f"select source, rule from unified.identity_map where canonical_id = '{anna}' order by source")
    assert {source for source, _ in rules} == {"files", "web_events"}
    assert {rule for _, rule in rules} == {"own_id", "email_key"}


def test_what_a_visitor_did_before_the_form_is_the_persons_and_a_strangers_is_nobodys(ask):
    found = ask(
        """
        select activities.activity_id, coalesce(leads.job_title, ''), activities.activity_type, activities.channel
        from intermediate.int_activities_classified as activities
        left join unified.leads using (lead_id)
        where activities.activity_id like 'web_events:%'
        order by all
        """
    )
    assert found == [
        ("web_events:a1", "VP IT", "page_view", "paid_search"),
        ("web_events:a2", "VP IT", "page_view", "direct"),
        ("web_events:a3", "VP IT", "demo_requested", "paid_search"),
        ("web_events:a4", "VP IT", "form_submitted", "direct"),
        ("web_events:b1", "CFO", "webinar_registered", "webinar"),
        ("web_events:b2", "CFO", "form_submitted", "direct"),
        ("web_events:b3", "CFO", "unsubscribed", "marketing_email"),
        ("web_events:s1", "", "page_view", "organic_search"),
        ("web_events:s2", "", "page_view", "direct"),
    ]


def test_exported_events_belong_to_whom_they_or_any_other_source_name(ask):
    found = ask(
        """
        select
            activities.occurred_at::varchar, activities.visitor_id, coalesce(leads.job_title, ''),
            activities.activity_type, activities.channel
        from intermediate.int_activities_classified as activities
        left join unified.leads using (lead_id)
        where activities.activity_id like 'google_analytics:%'
        order by all
        """
    )
    assert found == [
        # The form of the other source recognised this visitor.
        ("2026-01-20 09:00:00", "anna-desk", "VP IT", "page_view", "marketing_email"),
        ("2026-02-15 09:00:00", "carl", "CIO", "page_view", "paid_search"),
        ("2026-02-15 09:05:00", "carl", "CIO", "price_requested", "paid_search"),
        ("2026-02-16 09:00:00", "carl-phone", "CIO", "page_view", "direct"),
        # A name that nobody knows leaves the visitor anonymous, and kept.
        ("2026-02-17 09:00:00", "nobody", "", "page_view", "direct"),
    ]


def test_a_lead_comes_from_the_touch_that_made_it(ask):
    assert ask("select created_at::varchar, channel from marts.dim_leads order by all") == [
        ("2026-02-03 10:00:00", "webinar"),
        ("2026-02-08 09:05:00", "paid_search"),
        ("2026-02-15 09:05:02", "paid_search"),
    ]


def test_a_later_submission_fills_in_and_changes_nothing(ask):
    assert ask("select country, job_title from unified.leads where job_title = 'CFO'") == [("PL", "CFO")]


def test_a_person_agrees_with_the_form_and_objects_as_a_visitor(ask):
    assert ask("select purpose, status, changed_at::varchar from unified.consents order by changed_at") == [
        ("marketing_email", "withdrawn", "2026-02-05 10:00:00"),
        ("marketing_email", "granted", "2026-02-08 09:05:00"),
    ]


def test_a_broken_line_is_shown_with_its_file_and_line(ask):
    shown = ask("select source, file, line, reason from marts.fct_quarantine")
    assert ("web_events", "2026-02.jsonl", 10, "the line is not JSON") in shown


def test_why_a_row_was_refused_is_shown_without_what_stood_in_its_cell(ask):
    [(line, reason)] = ask("select line, reason from marts.fct_quarantine where source = 'files'")
    assert (line, reason.split(" such")[0]) == (4, "created_at: … is not a date or a date-time")


def test_a_reason_is_shown_without_the_addresses_and_phones_that_stand_in_it(ask):
    reasons = ask("select reason from marts.fct_lead_stage_visits where reason is not null")
    assert reasons == [("write to (e-mail) or (phone)",)]


def test_names_and_e_mails_stand_in_contacts_and_nowhere_else_that_is_built(ask, published):
    contacts = ask("select full_name, lower(email) from pii.contacts order by all")
    assert contacts == [
        ("Anna Nowak", "anna@acme.example"),
        (None, "ben@beta.example"),
        (None, "carl@gamma.example"),
    ]
    tables = ask(
        "select schema_name, table_name from duckdb_tables() where schema_name in ('unified', 'intermediate', 'marts')"
    )
    assert len(tables) > 40
    for schema, table in tables:
        rows = str(ask(f"select * from {schema}.{table}")).lower()
        words = ("@acme", "%40acme", "@beta", "nowak", "secret", "600 100 200")
        assert not [word for word in words if word in rows], table
    serving = (published / "serving" / "current.duckdb").resolve().read_bytes()
    assert b"@acme.example" not in serving
    assert b"Nowak" not in serving

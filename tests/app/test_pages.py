"""Every page: its headline numbers against SQL over the published tables, and what holds of all of them."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from dashboard_helpers import ask, texts

from app import charts, data, formatting, languages, pack, pages, people, shell
from app.content import Chart, Page, State, Table
from app.queries import velocity
from app.viewer import Viewer
from app.views import overview

pytestmark = pytest.mark.refresh

ENGINEER, LEADERSHIP = Viewer("", "engineer", None), Viewer("", "leadership", ())
DAY = "(as_of at time zone 'UTC' at time zone reporting_timezone)::date"
YEAR = (
    f"between (select ({DAY} - to_months(12) + interval 1 day)::date from marts.published_run) "
    f"and (select {DAY} from marts.published_run)"
)


def cards(page: Page) -> dict[str, str]:
    return {card.label.replace("\\", ""): card.value.replace("\\", "") for card in page.cards}


def only(company: Path, sql: str) -> tuple:
    [row] = ask(company, sql)
    return row


# Headline numbers


def test_overview(published_demo, framed):
    page = pages.ENTRIES["overview"].content(framed(published_demo))
    opened, pipeline, currency = only(
        published_demo,
        f"select count(*), sum(pipeline_amount), (select reporting_currency from marts.published_run) "
        f"from marts.fct_opportunities where created_date {YEAR}",
    )
    closed, won, won_amount, cycle = only(
        published_demo,
        f"select count(*), count(*) filter (is_won), sum(won_amount), median(cycle_days) filter (is_won) "
        f"from marts.fct_opportunities where closed_date {YEAR}",
    )
    (cost,) = only(
        published_demo, f"select sum(cost_amount) from marts.fct_costs where team = 'marketing' and cost_date {YEAR}"
    )
    held = cards(page)
    assert opened and closed > 30
    assert held["New pipeline"] == formatting.money(pipeline, currency)
    assert held["Revenue won"] == formatting.money(won_amount, currency)
    assert held["Win rate"] == formatting.rate(won / closed)
    assert held["Sales cycle, median"] == formatting.days(cycle)
    assert held["Pipeline per €1 spent"] == formatting.small_money(pipeline / cost, currency)
    assert formatting.money(pipeline, currency) in page.sentence.replace("\\", "")


def test_each_kind_of_finding_leads_to_a_page(published_demo, framed):
    kinds = ask(published_demo, "select diagnostic from playbook.diagnostics")
    assert {kind for (kind,) in kinds} | {"data_gaps", "score_alarms"} == overview.PAGES.keys()
    assert set(overview.PAGES.values()) <= pages.ENTRIES.keys()
    page = pages.ENTRIES["overview"].content(framed(published_demo))
    [block] = [block for block in page.blocks if block.key == "decisions_card"]
    assert [step.page for step in block.next_steps] == list(
        dict.fromkeys(overview.PAGES[kind] for kind in block.rows["diagnostic"])
    )


def test_what_costs_do_not_know_is_left_empty_with_the_reason(published_demo, framed):
    (segment,) = only(published_demo, "select min(segment) from marts.fct_opportunities")
    page = pages.ENTRIES["overview"].content(framed(published_demo, "All", segment=(segment,)))
    [card] = [card for card in page.cards if card.label.startswith("Pipeline per")]
    assert (card.value, card.pill) == ("–", "costs are not known by persona or segment")


def test_acquisition(published_demo, framed):
    held = cards(pages.ENTRIES["acquisition"].content(framed(published_demo)))
    leads, judged, fitting = only(
        published_demo,
        f"""
        select count(*) filter (is_net_new), count(*) filter (is_in_icp is not null), count(*) filter (is_in_icp)
        from marts.dim_leads where created_date {YEAR} and not is_internal
        """,
    )
    assert held["Net new leads"] == formatting.count(leads)
    assert held["In the ideal profile"] == formatting.rate(fitting / judged)


def test_velocity(published_demo, framed):
    page = pages.ENTRIES["velocity"].content(framed(published_demo, choices={"stage": "mql"}))
    count, worth, currency = only(
        published_demo,
        "select count(*), sum(value_at_stake_amount), (select reporting_currency from marts.published_run) "
        "from marts.fct_stuck_leads where stage = 'mql'",
    )
    finished, mean = only(
        published_demo,
        f"""
        select count(*), avg(duration_days) from marts.fct_lead_stage_visits
        where stage = 'mql' and visit_number = 1 and not is_left_truncated and exited_at is not null
            and entered_date {YEAR}
        """,
    )
    held = cards(page)
    assert held["Stuck in MQL"] == formatting.count(count)
    assert held["Value at stake"] == formatting.money(worth, currency)
    assert held["Mean of finished stays"] == formatting.days(mean)
    assert f"{formatting.count(finished)} finished" in page.cards[3].pill


def test_curves_keep_their_ends_when_they_have_too_many_durations(published_demo, framed):
    frame = framed(published_demo)
    asked = (frame.file, None, None, data.Selection(), "lead", "mql", "segment")
    whole, thinned = velocity.survival(*asked, 100_000), velocity.survival(*asked, 10)
    (durations,) = only(
        published_demo,
        "select count(*) from marts.stage_survival(on_track := 'lead', in_stage := 'mql', group_by := 'segment')",
    )
    assert len(whole) == durations
    for name, curve in thinned.groupby("dimension_value"):
        ends = whole.loc[whole["dimension_value"] == name, "duration_days"].agg(["min", "max"])
        assert len(curve) == 10
        assert curve["duration_days"].agg(["min", "max"]).equals(ends)


def test_handover(published_demo, framed):
    held = cards(pages.ENTRIES["handover"].content(framed(published_demo)))
    met, judged, median = only(
        published_demo,
        f"""
        select count(*) filter (sla_state = 'met'),
            count(*) filter (sla_state in ('met', 'breached', 'past_due_open')), median(response_business_hours)
        from marts.fct_lead_handoffs where clock = 'qualified' and started_date {YEAR}
        """,
    )
    (late,) = only(
        published_demo,
        "select count(*) from marts.fct_lead_handoffs where clock = 'qualified' and sla_state = 'past_due_open'",
    )
    assert held["In time"] == formatting.rate(met / judged)
    assert held["Past due now"] == formatting.count(late)
    assert median is not None


def test_opportunities(published_demo, framed):
    held = cards(pages.ENTRIES["opportunities"].content(framed(published_demo)))
    created, open_amount, expected, currency = only(
        published_demo,
        f"""
        select count(*) filter (created_date {YEAR}), sum(current_amount) filter (not is_closed),
            sum(expected_amount) filter (not is_closed), (select reporting_currency from marts.published_run)
        from marts.fct_opportunities
        """,
    )
    assert held["Deals created"] == formatting.count(created)
    assert held["Open pipeline"] == formatting.money(open_amount, currency)
    assert held["Expected of it"] == formatting.money(expected, currency)


def test_attribution(published_demo, framed):
    page = pages.ENTRIES["attribution"].content(framed(published_demo, "All", model="linear"))
    total, attributed, currency = only(
        published_demo,
        """
        select sum(amount), sum(amount) filter (channel is not null and channel != 'unattributed'),
            (select reporting_currency from marts.published_run)
        from marts.fct_attributed_touches
        inner join playbook.attribution_windows using (attribution_window, conversion_type)
        where attribution_model = 'linear' and conversion_type = 'opportunity' and is_headline
        """,
    )
    held = cards(page)
    assert held["Attributed"] == formatting.money(attributed, currency)
    assert held["Coverage"] == formatting.rate(attributed / total)
    top = ask(
        published_demo,
        """
        select channel_label from marts.fct_attributed_touches
        inner join playbook.attribution_windows using (attribution_window, conversion_type)
        inner join marts.dim_channels using (channel)
        where attribution_model = 'linear' and conversion_type = 'opportunity' and is_headline
        group by channel_label order by sum(amount) desc limit 1
        """,
    )[0][0]
    assert f"{top} built most" in page.sentence.replace("\\", "")


def test_roi(published_demo, framed):
    held = cards(pages.ENTRIES["roi"].content(framed(published_demo, "LQ")))
    quarter = f"date_trunc('quarter', (select {DAY} from marts.published_run))"
    cost, currency = only(
        published_demo,
        f"""
        select sum(cost_amount), (select reporting_currency from marts.published_run) from marts.fct_costs
        where team = 'marketing' and cost_date >= {quarter} - to_months(3) and cost_date < {quarter}
        """,
    )
    model, margin = only(
        published_demo,
        f"""
        select attribution_model, sum(margin_amount) from marts.fct_attributed_touches
        inner join playbook.attribution_windows using (attribution_window, conversion_type)
        inner join playbook.settings on setting = 'headline_attribution_model' and settings.value = attribution_model
        where is_headline and conversion_type = 'won' and channel != 'unattributed'
            and converted_date >= {quarter} - to_months(3) and converted_date < {quarter}
        group by attribution_model
        """,
    )
    assert model and margin > 0
    assert held["Marketing cost"] == formatting.money(cost, currency)
    assert held["ROMI"] == formatting.rate_of_change((margin - cost) / cost)


def test_scores(published_demo, framed):
    held = cards(pages.ENTRIES["scores"].content(framed(published_demo)))
    (hot,) = only(
        published_demo,
        "select count(*) from marts.fct_lead_scores where is_in_force and is_good_fit and is_high_intent",
    )
    (share,) = only(
        published_demo,
        "select value from marts.fct_score_metrics where period_type = 'out_of_time' and metric = 'top_fifth_share' "
        "and score_version like 'rules%'",
    )
    assert held["Hot leads"] == formatting.count(hot)
    assert held["Held by the top fifth"] == formatting.rate(share)


def test_content(published_demo, framed):
    held = cards(pages.ENTRIES["content"].content(framed(published_demo)))
    known, met = only(
        published_demo,
        f"""
        select count(*), count(*) filter (content_id in (
            select content_id from marts.fct_content_interactions where occurred_date {YEAR}
        )) from marts.dim_content
        """,
    )
    (readers,) = only(
        published_demo,
        f"select count(distinct lead_id) from marts.fct_content_interactions where is_touch and occurred_date {YEAR}",
    )
    assert held["Unused pieces"] == formatting.count(known - met)
    assert held["People who met content"] == formatting.count(readers)


def test_a_journey_shows_what_the_account_has_and_its_points_add_up(published_demo, framed):
    account, lead = only(
        published_demo,
        """
        select account_id, lead_id from marts.fct_lead_scores
        where is_in_force and account_id in (select account_id from marts.fct_opportunities)
        order by intent_score desc, lead_id limit 1
        """,
    )
    frame = framed(published_demo, choices={"lead": lead}, parameters={"account": account})
    page = pages.ENTRIES["journeys"].content(frame)
    fit, intent = only(
        published_demo,
        f"select fit_score, intent_score from marts.fct_lead_scores where is_in_force and lead_id = '{lead}'",
    )
    (touches,) = only(published_demo, f"select count(*) from marts.fct_touches where account_id = '{account}'")
    held = cards(page)
    assert (held["Fit"], held["Intent"]) == (formatting.number(fit, 0), formatting.number(intent, 0))
    assert held["Touches"] == formatting.count(touches)
    [points] = [block for block in page.blocks if block.key == "points_card"]
    totals = points.rows.groupby("dimension")["points"].sum()
    assert totals.get("intent", 0) == pytest.approx(intent)


def test_every_kind_of_account_has_a_journey(published_demo, framed):
    """Also who has no people, no deal, no touch: the pages of a sample hold, and show no more stays than there are."""
    accounts = ask(
        published_demo,
        """
        select any_value(account_id) from marts.dim_accounts as accounts
        group by
            account_id in (select account_id from marts.dim_leads),
            account_id in (select account_id from marts.fct_opportunities),
            account_id in (select account_id from marts.fct_touches),
            account_id in (select account_id from marts.fct_lead_stage_visits)
        """,
    )
    assert len(accounts) >= 2
    for (account,) in accounts:
        page = pages.ENTRIES["journeys"].content(framed(published_demo, parameters={"account": account}))
        assert isinstance(page, Page) and page.sentence


def test_an_account_that_is_not_there_is_told_in_words(published_demo, framed):
    state = pages.ENTRIES["journeys"].content(framed(published_demo, parameters={"account": "' or true --"}))
    assert isinstance(state, State) and "There is no such account" in state.title


def test_an_account_is_found_by_a_part_of_its_name_whatever_was_chosen_before(published_demo, open_page):
    account, name = only(
        published_demo,
        """
        select account_id, account_name from marts.dim_accounts
        where account_id in (select account_id from marts.dim_leads)
        qualify count(*) over (partition by account_name) = 1
        order by length(account_name) desc, account_id limit 1
        """,
    )
    page = open_page(published_demo, "views/journeys.py")
    first = texts(page)
    assert f"{name}: " not in first
    page.text_input(key="find").set_value(name[2:].upper()).run()
    assert page.selectbox(key="account").value == account
    assert f"{name}: " in texts(page)
    page.text_input(key="find").set_value("no such company").run()
    assert "There is no such account" in texts(page)
    page.text_input(key="find").set_value("").run()
    assert texts(page) == first


def test_the_playbook_counts_its_words(published_demo, framed):
    page = pages.ENTRIES["playbook"].content(framed(published_demo))
    stages, kpis, models = only(
        published_demo,
        "select (select count(*) from playbook.lifecycle_stages), (select count(*) from playbook.kpis), "
        "(select count(*) from playbook.attribution_models)",
    )
    assert page.sentence.startswith(f"{stages + kpis + models} words are defined")


# What holds of all pages


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("company", ["published_demo", "published_olist"])
def test_every_page_is_made_in_every_language_for_every_period(request, framed, company, language):
    languages.use(language)
    try:
        for entry in pages.ENTRIES.values():
            for period in ("12M", "All", "QTD", "LQ"):
                page = entry.content(framed(request.getfixturevalue(company), period))
                assert page.sentence.strip() if isinstance(page, Page) else page.title.strip()
    finally:
        languages.use(languages.DEFAULT)


def test_each_page_says_something_with_its_numbers_and_leads_on(published_demo, framed):
    for entry in pages.ENTRIES.values():
        page = entry.content(framed(published_demo))
        if isinstance(page, State):
            assert entry.address == "replay"
            continue
        assert page.cards and page.blocks, entry.address
        keys = [block.key for block in page.blocks]
        assert len(keys) == len(set(keys)), entry.address
        assert {step.page for step in page.next_steps} <= pages.ENTRIES.keys()
        assert {
            block.opens for block in page.blocks if isinstance(block, Table) and block.opens
        } <= pages.ENTRIES.keys()
        for block in page.blocks:
            if isinstance(block, Table) and block.opens:
                assert len(block.links) == len(block.texts)


def test_every_chart_says_itself_in_words_and_can_be_sent_and_saved(published_demo, framed):
    shown = 0
    for entry in pages.ENTRIES.values():
        page = entry.content(framed(published_demo, "All"))
        for block in page.blocks if isinstance(page, Page) else []:
            if isinstance(block, Chart):
                json.dumps(charts.in_theme(block.spec, is_dark=True), allow_nan=False)
                assert block.alt.strip() and block.title.strip() and block.note.strip()
                assert isinstance(block.rows, pd.DataFrame) and len(block.rows)
                shown += 1
    assert shown > 25


def test_filters_narrow_each_page_that_says_so(published_demo, framed):
    (channel,) = only(published_demo, "select channel from marts.dim_leads group by 1 order by count(*) desc limit 1")
    for entry in pages.ENTRIES.values():
        if "channel" in entry.filters:
            whole, part = (
                entry.content(framed(published_demo, "All", **chosen)) for chosen in ({}, {"channel": (channel,)})
            )
            assert isinstance(part, State) or (whole.sentence, cards(whole)) != (part.sentence, cards(part)), (
                entry.address
            )


def test_nothing_matches_is_said_by_each_page_with_filters(published_demo, framed):
    for entry in pages.ENTRIES.values():
        if "channel" in entry.filters:
            state = entry.content(framed(published_demo, channel=("nowhere",)))
            assert isinstance(state, State) and state.can_widen, entry.address


# People


def words_of(page: Page) -> str:
    parts = [page.sentence, *page.remarks, *(f"{card.label} {card.value} {card.pill}" for card in page.cards)]
    for block in page.blocks:
        parts += [block.title, block.note]
        if isinstance(block, Table):
            parts += [block.texts.to_csv(), block.rows.to_csv()]
        elif isinstance(block, Chart):
            parts += [block.alt, json.dumps(block.spec), block.rows.to_csv()]
        else:
            parts.append(block.text)
    return "\n".join(parts)


def test_leadership_sees_no_name_e_mail_or_phone_on_any_page(published_demo, framed):
    frame = framed(published_demo, viewer=LEADERSHIP)
    contacts = Path(frame.file).parent / "contacts" / Path(frame.file).name
    with duckdb.connect(str(contacts), read_only=True) as connection:
        rows = connection.execute("select full_name, email, phone from contacts").fetchall()
    people_of_company = {value for row in rows for value in row if value and len(value) > 5}
    assert len(people_of_company) > 1000
    for entry in pages.ENTRIES.values():
        page = entry.content(framed(published_demo, "All", viewer=LEADERSHIP))
        if isinstance(page, Page):
            said = words_of(page)
            assert not [name for name in people_of_company if name in said], entry.address


def test_who_may_see_people_gets_the_call_list_in_its_order(published_demo, framed):
    page = pages.ENTRIES["scores"].content(framed(published_demo))
    [block] = [block for block in page.blocks if block.key == "call_card"]
    listed = people.call_list(framed(published_demo).file, ENGINEER, 20)
    assert list(block.rows["lead_id"]) == list(listed["lead_id"])
    assert set(listed["full_name"].dropna()) <= set(block.texts["Person"])


# What is taken away


def test_the_meeting_pack_is_a_pdf_of_its_pages_in_the_readers_language(published_demo, framed):
    languages.use("pl")
    try:
        made = [
            (title, pages.ENTRIES[title].content(framed(published_demo)))
            for title in ("overview", "funnel", "attribution")
        ]
        document = pack.pdf(made, "12M · zażółć gęślą jaźń")
    finally:
        languages.use(languages.DEFAULT)
    assert document.startswith(b"%PDF-") and document.rstrip().endswith(b"%%EOF")
    assert document.count(b"/Type /Page\n") >= 3
    assert document.count(b"/Subtype /Image") >= 4


def test_a_picture_of_a_chart_has_its_title_and_the_width_asked_for(published_demo, framed):
    page = pages.ENTRIES["overview"].content(framed(published_demo))
    [block] = [block for block in page.blocks if block.key == "months_card"]
    picture = charts.png(block.spec, block.title, block.note, width=600)
    width, height = charts.png_size(picture)
    assert picture.startswith(b"\x89PNG")
    assert 1200 <= width <= 1700 and height > 400


def test_months_that_are_not_over_are_told_from_those_that_are(published_demo, framed):
    page = pages.ENTRIES["overview"].content(framed(published_demo))
    [block] = [block for block in page.blocks if block.key == "months_card"]
    rows = pd.DataFrame(block.spec["data"]["values"])
    (day,) = only(published_demo, f"select {DAY} from marts.published_run")
    running = set(rows[rows["is_partial"]]["month"])
    assert running <= {formatting.month(date(day.year, day.month, 1))}


def test_the_meeting_pack_keeps_the_filters_that_the_page_asking_for_it_has_not(published_demo, framed, monkeypatch):
    monkeypatch.setattr(shell.pack, "pdf", lambda parts, _words: [cards(page) for _title, page in parts])
    (segment,) = only(published_demo, "select min(segment) from marts.fct_opportunities where segment is not null")
    narrowed, whole = framed(published_demo, segment=(segment,)), framed(published_demo)
    first = pages.ENTRIES["overview"]
    asked_elsewhere = replace(narrowed, used=())
    assert asked_elsewhere.selection == whole.selection
    assert shell._pack(asked_elsewhere, [first], "en") == [cards(first.content(narrowed))]
    assert cards(first.content(narrowed)) != cards(first.content(whole))

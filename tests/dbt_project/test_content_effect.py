"""What came of meeting content, by hand."""

import pytest

pytestmark = pytest.mark.refresh


@pytest.fixture
def company(marts):
    """On 1 July, with 30 days and 2 people at least: of four who were leads early enough one became MQL in time."""
    marts.connection.execute("delete from marts.dim_build")
    marts.fill(
        "dim_build",
        "select timestamp '2026-07-01' as as_of, 2 as least_group_count, 30 as content_effect_days",
    )
    marts.fill(
        "fct_lead_stage_visits",
        """
        select
            lead_id, stage, visit_number, entered_at::timestamp as entered_at, exited_at::timestamp as exited_at,
            direction, false as is_left_truncated
        from (values
            ('quick', 'lead', 1, '2026-03-01', '2026-03-31', 'forward'),
            ('late', 'lead', 1, '2026-03-01', '2026-04-01', 'forward'),
            ('lost', 'lead', 1, '2026-03-01', '2026-03-02', 'out'),
            ('still', 'lead', 1, '2026-06-01', null, null),
            ('young', 'lead', 1, '2026-06-02', '2026-06-03', 'forward'),
            ('back', 'lead', 2, '2026-03-01', '2026-03-02', 'forward'),
            ('quick', 'mql', 1, '2026-03-31', null, null),
            ('late', 'mql', 1, '2026-04-01', '2026-04-02', 'forward')
        ) as visits (lead_id, stage, visit_number, entered_at, exited_at, direction)
        """,
    )
    marts.fill(
        "fct_content_interactions",
        """
        select
            activity_id, lead_id, content_id, topic, segment, is_touch, occurred_at::timestamp as occurred_at,
            occurred_at::date as occurred_date, stage, is_advanced, is_mature
        from (values
            ('a1', 'quick', 'guide', 'planning', 'SMB', true, '2026-03-10', 'lead', true, true),
            ('a2', 'quick', 'guide', 'planning', 'SMB', true, '2026-03-11', 'lead', true, true),
            ('a3', 'quick', 'cases', 'planning', 'SMB', true, '2026-03-12', 'lead', true, true),
            ('a4', 'quick', 'guide', 'planning', 'SMB', true, '2026-04-01', 'mql', false, true),
            ('a5', 'late', 'guide', 'planning', 'SMB', true, '2026-03-01', 'lead', false, true),
            ('a6', 'lost', 'cases', 'planning', 'Enterprise', true, '2026-03-01', 'lead', false, true),
            ('a7', 'young', 'guide', 'planning', 'SMB', true, '2026-06-02', 'lead', true, false),
            ('a8', 'quick', 'guide', 'planning', 'SMB', true, '2026-02-01', null, null, null),
            ('a9', 'lost', 'guide', 'planning', 'SMB', false, '2026-03-01', 'lead', false, true)
        ) as met (
            activity_id, lead_id, content_id, topic, segment, is_touch, occurred_at, stage, is_advanced, is_mature
        )
        """,
    )
    return marts


def test_a_person_counts_once_per_value_and_stage(company):
    """quick read the guide twice as a lead and once as an MQL; young may yet be judged."""
    rows = company.ask(
        "select dimension_value, interaction_count, lead_count, mature_count, advanced_count, advanced_rate "
        "from marts.content_effect(group_by := 'content')"
    )
    assert rows == [("cases", 2, 2, 2, 1, 0.5), ("guide", 6, 3, 3, 1, 1 / 3)]
    [topic] = company.ask(
        "select interaction_count, lead_count, mature_count, advanced_count "
        "from marts.content_effect(group_by := 'topic')"
    )
    assert topic == (8, 4, 4, 1)


def test_the_baseline_is_that_of_the_stages_in_which_content_was_met(company):
    """Of four first stays as a lead one ended forward in time, of two as an MQL one."""
    baselines = "select dimension_value, mature_count, baseline_rate from marts.content_effect"
    assert company.ask(f"{baselines}(in_stage := 'lead')") == [("all", 3, 0.25)]
    [(_, count, rate)] = company.ask(f"{baselines}(group_by := 'topic')")
    assert (count, rate) == (4, pytest.approx((3 * 0.25 + 0.5) / 4))


def test_each_stage_may_have_a_row_of_its_own(company):
    """quick met the topic as a lead and as an MQL, and the guide before either."""
    rows = company.ask("""
        select stage, interaction_count, lead_count, mature_count, advanced_count, baseline_rate
        from marts.content_effect(group_by := 'topic', by_stage := true)
    """)
    assert rows == [("(none)", 1, 1, 0, 0, None), ("lead", 6, 4, 3, 1, 0.25), ("mql", 1, 1, 1, 0, None)]


def test_like_is_compared_with_like(company):
    """Of two buyers who were leads one went on in time, of two others none; one buyer alone is too few as an MQL."""
    company.connection.execute("""
        update marts.fct_lead_stage_visits set persona = 'Buyer' where lead_id in ('quick', 'lost');
        update marts.fct_content_interactions set persona = 'Buyer' where lead_id in ('quick', 'lost');
        update marts.fct_lead_stage_visits set persona = 'User' where lead_id = 'late' and stage = 'mql'
    """)
    baselines = "select dimension_value, mature_count, baseline_rate from marts.content_effect"
    assert company.ask(f"{baselines}(in_stage := 'lead', group_by := 'persona')") == [
        ("(none)", 1, None),
        ("Buyer", 2, 0.5),
    ]
    assert company.ask(f"{baselines}(in_stage := 'lead')") == [("all", 3, pytest.approx((2 * 0.5 + 0) / 3))]
    assert company.ask(f"{baselines}(personas := ['Buyer'])") == [("all", 3, pytest.approx((2 * 0.5 + 0.5) / 3))]


def test_few_are_shown_and_not_judged(company):
    judged = "advanced_rate, advanced_rate_lower, advanced_rate_upper, baseline_rate"
    assert company.ask(
        f"select interaction_count, mature_count, {judged} from marts.content_effect(segments := ['Enterprise'])"
    ) == [(1, 1, None, None, None, None)]
    [bounds] = company.ask(
        "select advanced_rate_lower, advanced_rate_upper from marts.content_effect(in_stage := 'lead')"
    )
    # Wilson's bounds of 1 of 3.
    assert bounds == pytest.approx((0.061492, 0.792340), abs=1e-6)


def test_exposure_counts_where_asked_for(company):
    guide = "where dimension_value = 'guide'"
    assert company.ask(f"select lead_count from marts.content_effect(group_by := 'content') {guide}") == [(3,)]
    assert company.ask(
        f"select lead_count from marts.content_effect(group_by := 'content', with_exposure := true) {guide}"
    ) == [(4,)]


@pytest.mark.parametrize("group_by", ["all", "content", "persona", "stage", "product"])
@pytest.mark.parametrize("asked", ["", "by_stage := true", "in_stage := 'mql'", "segments := ['SMB']"])
def test_the_days_before_tell_the_first_meetings_as_putting_them_in_order_does(marts, published_demo, group_by, asked):
    """Of plain people the macro reads stored days, of all others it puts the meetings in order."""
    marts.connection.execute(f"attach '{published_demo / 'warehouse.duckdb'}' as warehouse (read_only)")
    marts.connection.execute("delete from marts.dim_build")
    for name in ("dim_build", "fct_lead_stage_visits", "fct_content_interactions"):
        marts.fill(name, f"from warehouse.marts.{name}")
    plain = marts.ask("select count(*) filter (is_plain), count(*) from marts.fct_content_interactions")
    assert 0 < plain[0][0] < plain[0][1]
    counts = "dimension_value, stage, interaction_count, lead_count, mature_count, advanced_count"
    arguments = ", ".join([f"group_by := '{group_by}'", "from_date := date '2026-02-10'", *([asked] if asked else [])])
    ask = f"""
        select {counts}, round(baseline_rate, 9) as baseline_rate
        from marts.content_effect({arguments})
        order by all
    """
    by_days = marts.ask(ask)
    marts.connection.execute("update marts.fct_content_interactions set is_plain = false")
    assert by_days == marts.ask(ask)
    assert by_days

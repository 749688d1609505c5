"""Whether leads that were handed over are answered in time, and what comes back."""

from datetime import date

import pandas as pd

from app.data import HOLDS_FILTERS, Selection, in_period, is_kept, narrowing, query, table_macro, within

CLOCK = "qualified"


def attainment(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str = "all"
) -> pd.DataFrame:
    """Per group: how many hand-overs were answered in time, late, not yet."""
    rows = table_macro(file, "sla_attainment", from_date, to_date, selection, group_by=group_by, on_clock=CLOCK)
    return rows.sort_values(["handoff_count", "dimension_value"], ascending=[False, True])


def outcomes(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str = "all"
) -> pd.DataFrame:
    """Per group: what sales made of the hand-overs."""
    rows = table_macro(file, "handoff_outcomes", from_date, to_date, selection, group_by=group_by)
    return rows.sort_values(["handoff_count", "dimension_value"], ascending=[False, True])


def answers(file: str, from_date: date | None, to_date: date | None, selection: Selection, most: int) -> pd.DataFrame:
    """How many hand-overs were answered within so many business hours, of all that can be judged.

    Of more than `most` times that many, evenly taken, the first and the last among them.
    """
    return query(
        file,
        f"""
        with judged as (
            select response_business_hours as hours
            from marts.fct_lead_handoffs
            where clock = '{CLOCK}' and sla_state in ('met', 'breached', 'past_due_open') and not is_preempted
                and {in_period("started_date")}
                and {HOLDS_FILTERS}
        ),

        counted as (
            select hours, count(*) as answered_count from judged where hours is not null group by hours
        ),

        numbered as (
            select hours, sum(answered_count) over (order by hours) as answered_count,
                row_number() over (order by hours) as place, count(*) over () as hours_count,
            from counted
        )

        select hours, answered_count, (select count(*) from judged) as judged_count
        from numbered
        where {is_kept("place", "hours_count")}
        order by hours
        """,
        most=most,
        **within(from_date, to_date, selection),
    )


def handoffs(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    condition: str,
    limit: int,
    **parameters: object,
) -> pd.DataFrame:
    """Hand-overs of the period for which a condition holds, the latest first; `all_count` is of all there are."""
    return query(
        file,
        f"""
        select lead_id, account_id, account_name, owner_id, team, started_at, response_business_hours, sla_state,
            outcome, return_reason, count(*) over () as all_count,
        from marts.fct_lead_handoffs
        left join (select account_id, account_name from marts.dim_accounts) as accounts using (account_id)
        where clock = '{CLOCK}' and {in_period("started_date")} and {HOLDS_FILTERS} and {condition}
        order by started_at desc, lead_id
        limit $limit
        """,
        limit=limit,
        **within(from_date, to_date, selection),
        **parameters,
    )


def state_behind(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, team: str, state: str, limit: int
) -> pd.DataFrame:
    """The hand-overs of a team whose clock stands so."""
    condition = "coalesce(team, '(none)') = $team and sla_state = $state"
    return handoffs(file, from_date, to_date, selection, condition, limit, team=team, state=state)


def returned_behind(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, reason: str, limit: int
) -> pd.DataFrame:
    """The hand-overs that sales sent back for a reason."""
    condition = "returned_at is not null and reason_group = $reason"
    return handoffs(file, from_date, to_date, selection, condition, limit, reason=reason)


def target_hours(file: str) -> float | None:
    """The SLA's target in business hours where all rules in force agree on one; else None."""
    rows = query(
        file,
        f"""
        select distinct target_hours
        from playbook.sla_rules, marts.dim_build
        where clock = '{CLOCK}' and are_business_hours
            and (valid_from is null or valid_from <= as_of_date) and (valid_to is null or valid_to > as_of_date)
        """,
    )
    return float(rows["target_hours"].iloc[0]) if len(rows) == 1 else None


def when_they_come(file: str, from_date: date | None, to_date: date | None, selection: Selection) -> pd.DataFrame:
    """Hand-overs by weekday (1 is Monday) and hour of the reporting time zone, and how many were answered in time."""
    return query(
        file,
        f"""
        with handoffs as (
            select started_at at time zone 'UTC' at time zone reporting_timezone as started_here, sla_state
            from marts.fct_lead_handoffs, marts.dim_build
            where clock = '{CLOCK}'
                and {in_period("started_date")}
                and {HOLDS_FILTERS}
        )

        select isodow(started_here) as weekday, hour(started_here) as hour, count(*) as handoff_count,
            count(*) filter (sla_state = 'met') as met_count,
            count(*) filter (sla_state in ('met', 'breached', 'past_due_open')) as judged_count,
        from handoffs
        group by all
        order by all
        """,
        **within(from_date, to_date, selection),
    )


def past_due(file: str, selection: Selection, limit: int) -> pd.DataFrame:
    """Hand-overs that wait for their first answer past the SLA now, those that wait longest first."""
    return query(
        file,
        f"""
        select lead_id, account_id, account_name, owner_id, team, started_at, due_at, hours_past_due,
            handoffs.segment, channel, count(*) over () as all_count,
        from marts.fct_lead_handoffs as handoffs
        left join (select account_id, account_name from marts.dim_accounts) as accounts using (account_id)
        where clock = '{CLOCK}' and sla_state = 'past_due_open' and {HOLDS_FILTERS}
        order by hours_past_due desc, lead_id
        limit $limit
        """,
        limit=limit,
        **narrowing(selection),
    )

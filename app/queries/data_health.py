"""Whether the numbers can be trusted: checks, gaps, names, rows set aside, restated figures."""

from pathlib import Path

import pandas as pd

from app import data
from app.data import query


def audit_page(run_id: str) -> str | None:
    """Where the report of a run's checks lies within the data directory; None where there is none.

    It is a file for whoever works on the machine that refreshes: the dashboard names it and does not serve it.
    """
    page = Path("audit") / run_id / "index.html"
    is_there = Path(run_id).name == run_id and (data.serving_folder().parent / page).is_file()
    return page.as_posix() if is_there else None


def check_results(file: str) -> pd.DataFrame:
    """The checks of the run, the failed ones first, those that block before those that warn."""
    return query(
        file,
        """
        select check_id, asset, check_name, kind, severity, is_passed, detail
        from marts.fct_check_results
        order by is_passed, severity = 'block' desc, asset, check_name, check_id
        """,
    )


def data_gaps(file: str) -> pd.DataFrame:
    """What the data lacks, the widest of the grave gaps first.

    The rates before and after are null where either is one of fewer records than the playbook allows to be judged.
    """
    return query(
        file,
        """
        with judged as (
            select gaps.*,
                least(gaps.recent_total_count, gaps.earlier_total_count) >= build.least_group_count as is_judged,
            from marts.fct_data_gaps as gaps, marts.dim_build as build
        )

        select gap, description, entity, affected_count, total_count, affected_rate, value_at_stake_amount,
            case when is_judged then recent_affected_rate end as recent_affected_rate,
            case when is_judged then earlier_affected_rate end as earlier_affected_rate,
            has_changed,
            severity, example_ids, recommended_action,
        from judged
        where affected_count > 0
        order by severity = 'warn' desc, affected_rate desc nulls last, affected_count desc, gap
        """,
    )


def quarantine_reasons(file: str, limit: int) -> pd.DataFrame:
    """Why rows were set aside, the commonest reason first, with the lines where it was met first."""
    return query(
        file,
        """
        select
            source,
            entity,
            file,
            column_name,
            reason,
            count(*) as row_count,
            array_to_string(
                list_slice(list(coalesce(cast(line as varchar), record_id) order by line, record_id), 1, 5), ', '
            ) as first_lines,
            max(loaded_at) as last_loaded_at,
            sum(row_count) over () as total_row_count,
            count(*) over () as reason_count,
        from marts.fct_quarantine
        group by source, entity, file, column_name, reason
        order by row_count desc, source, entity, file, column_name, reason
        limit $limit
        """,
        limit=limit,
    )


def naming_counts(file: str) -> tuple[int, int]:
    """How many campaigns and tags follow the naming standard, and how many there are."""
    row = query(file, "select count(*) filter (is_valid) as valid, count(*) as held from marts.fct_campaign_naming")
    return int(row["valid"].iloc[0]), int(row["held"].iloc[0])


def misnamed_campaigns(file: str, limit: int) -> pd.DataFrame:
    """Campaigns and tags off the naming standard, those that most activities carry first."""
    return query(
        file,
        """
        select kind, name, is_known, violation, suggested_name, activity_count
        from marts.fct_campaign_naming
        where not is_valid
        order by activity_count desc, kind, name
        limit $limit
        """,
        limit=limit,
    )


def restatements(file: str, limit: int) -> pd.DataFrame:
    """Figures of past months that are other ones than published before, the latest move first.

    One row per figure and cause, in order: how the figure stood before and after it, null where there was none.
    `figure_number` tells the figures apart, `figure_count` says how many there are in all.
    """
    return query(
        file,
        """
        with moved as (
            select
                restatements.*,
                kpis.kpi_label,
                kpis.unit,
                dense_rank() over (
                    order by as_of desc, month_start_date desc, kpis.kpi_order, restatements.kpi
                ) as figure_number
            from marts.fct_restatements as restatements
            inner join playbook.kpis on restatements.kpi = kpis.kpi
            where dimension = 'all'
        )

        select
            figure_number,
            as_of,
            month_start_date,
            kpi_label,
            unit,
            cause,
            before_value,
            after_value,
            (select max(figure_number) from moved) as figure_count,
        from moved
        where figure_number <= $limit
        order by figure_number, cause_order
        """,
        limit=limit,
    )


def marts_on_older_data(file: str) -> pd.DataFrame:
    """The marts that rest on older data: one row per stale source and mart that is made of its rows."""
    return query(
        file,
        """
        select source_label, mart
        from marts.fct_mart_sources
        inner join marts.fct_source_freshness using (source)
        where is_stale
        order by source_label, mart
        """,
    )


def gaps_with_months(file: str, least: int) -> set[str]:
    """The gaps that can be followed: at least two months have so many records."""
    rows = query(
        file,
        """
        select gap
        from marts.fct_data_gaps_monthly
        where total_count >= $least
        group by gap
        having count(*) > 1
        """,
        least=least,
    )
    return set(rows["gap"])


def gap_months(file: str, gap: str) -> pd.DataFrame:
    """A gap month by month: how many records of the month have it."""
    return query(
        file,
        """
        select month_start_date, affected_count, total_count, affected_rate, value_at_stake_amount
        from marts.fct_data_gaps_monthly
        where gap = $gap
        order by month_start_date
        """,
        gap=gap,
    )


def findings(file: str, limit: int) -> pd.DataFrame:
    """What the numbers point at, most money at stake first."""
    return query(
        file,
        """
        select diagnostic, subject, severity, description, recommended_action, affected_count, total_count,
            affected_rate, value_at_stake_amount, example_ids, proven_in,
        from marts.fct_diagnostics
        order by value_at_stake_amount desc nulls last, diagnostic, subject
        limit $limit
        """,
        limit=limit,
    )


def field_fill_rates(file: str) -> pd.DataFrame:
    """How well each field is filled, by team, all of them first; the fields that rules of fit ask for before others."""
    return query(
        file,
        """
        select field, owner_team, lead_count, filled_count, fill_rate, is_icp_field, is_badly_filled
        from marts.fct_icp_fill_rates
        order by is_icp_field desc, field, owner_team = '(all)' desc, owner_team = '(none)', owner_team
        """,
    )

with opportunities as (

    select
        *,
        {{ local_date('created_at', 'created_at_precision') }} as created_date,
        {{ local_date('closed_at', 'closed_at_precision') }} as closed_date
    from {{ ref('int_opportunities_dated') }}

),

stages as (

    select * from {{ ref('lifecycle_stages') }}
    where track = 'opportunity'

),

changes_in_order as (

    select
        changes.opportunity_id,
        changes.amount_local,
        changes.currency,
        row_number() over (
            partition by changes.opportunity_id
            order by changes.changed_at, {{ stage_tie_order('stages') }}, changes.stage
        ) as change_number,
        count(*) over (partition by changes.opportunity_id) as change_count
    from {{ ref('opportunity_stage_changes') }} as changes
    left join stages on changes.stage = stages.stage
    where not changes.is_deleted and changes.amount_local is not null

),

-- The amount with which the deal was opened, and the last one known, each in the currency that stood beside it.
amounts_of_changes as (

    select
        opportunity_id,
        max(case when change_number = 1 then amount_local end) as first_amount_local,
        max(case when change_number = 1 then currency end) as first_currency,
        max(case when change_number = change_count then amount_local end) as last_amount_local,
        max(case when change_number = change_count then currency end) as last_currency
    from changes_in_order
    group by opportunity_id

),

pipeline_rates as (

    {{ dated_rates() }}

),

current_rates as (

    {{ dated_rates() }}

),

amounts as (

    select
        opportunities.opportunity_id,
        opportunities.is_won,
        opportunities.closed_at,
        coalesce(
            opportunities.created_date,
            opportunities.closed_date,
            cast({{ to_local(as_of()) }} as date)
        ) as pipeline_rate_date,
        coalesce(opportunities.closed_date, cast({{ to_local(as_of()) }} as date)) as current_rate_date,
        coalesce(changes.first_amount_local, opportunities.amount_local) as pipeline_amount_local,
        coalesce(
            changes.first_currency, opportunities.currency, {{ setting('reporting_currency') }}
        ) as pipeline_currency,
        coalesce(
            case when opportunities.is_closed then opportunities.amount_local end,
            changes.last_amount_local,
            opportunities.amount_local
        ) as current_amount_local,
        coalesce(
            case
                when not (opportunities.is_closed and opportunities.amount_local is not null)
                    then changes.last_currency
            end,
            opportunities.currency,
            changes.last_currency,
            {{ setting('reporting_currency') }}
        ) as current_currency
    from opportunities
    left join amounts_of_changes as changes on opportunities.opportunity_id = changes.opportunity_id

),

converted as (

    select
        amounts.opportunity_id,
        {{ converted('amounts.pipeline_amount_local', 'amounts.pipeline_currency', 'pipeline_rates') }}
            as pipeline_amount,
        {{ converted('amounts.current_amount_local', 'amounts.current_currency', 'current_rates') }} as current_amount,
        amounts.is_won,
        {{ is_rate_missing('amounts.pipeline_currency', 'pipeline_rates') }}
        or {{ is_rate_missing('amounts.current_currency', 'current_rates') }} as is_rate_missing,
        {{ is_rate_stale('amounts.pipeline_currency', 'amounts.pipeline_rate_date', 'pipeline_rates') }}
        or {{ is_rate_stale('amounts.current_currency', 'amounts.current_rate_date', 'current_rates') }}
            as is_rate_stale
    from amounts
    {{ join_rate('pipeline_rates', 'amounts.pipeline_currency', 'amounts.pipeline_rate_date') }}
    {{ join_rate('current_rates', 'amounts.current_currency', 'amounts.current_rate_date') }}

),

valued as (

    select
        opportunity_id,
        pipeline_amount,
        current_amount,
        case when is_won then current_amount end as won_amount,
        is_rate_missing,
        is_rate_stale
    from converted

)

select * from valued

{%- set dimensions = {
    'channel': 'channel', 'campaign': 'campaign_id', 'persona': 'persona', 'segment': 'segment', 'product': 'product',
    'country': 'country',
} -%}

with kpis as (

    select * from {{ ref('kpis') }}
    where numerator not like 'kpi:%'

),

parts as (

    {% for part in ['numerator', 'subtracted', 'denominator'] -%}
    select kpi, '{{ part }}' as part, {{ part }} as measure from kpis
    where {{ part }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

known_measures as (

    select * from {{ ref('kpi_measures') }}

),

measures as (

    select * from {{ ref('int_kpi_measures') }}
    where month_start_date <= cast({{ to_local(as_of()) }} as date)

),

targets as (

    select * from {{ ref('targets') }}
    where not is_deleted and dimension_value is not null

),

split as (

    select month_start_date, measure, 'all' as dimension, 'all' as dimension_value, amount, is_partly_unknown
    from measures
    {%- for dimension, column in dimensions.items() %}
    union all
    select month_start_date, measure, '{{ dimension }}', {{ column }}, amount, is_partly_unknown from measures
    {%- endfor %}

),

-- What is partly unknown is unknown.
amounts as (

    select
        month_start_date,
        measure,
        dimension,
        dimension_value,
        case when max(case when is_partly_unknown then 1 else 0 end) = 0 then {{ exact_sum('amount', 9) }} end as amount
    from split
    group by month_start_date, measure, dimension, dimension_value

),

-- Whether all of a measure is split by a dimension; people and tools, say, belong to no channel.
states as (

    select
        month_start_date,
        measure,
        dimension,
        max(case when dimension_value is null then 1 else 0 end) = 0 as is_split
    from amounts
    group by month_start_date, measure, dimension

),

first_months as (

    select min(month_start_date) as month_start_date from measures

),

months as (

    select distinct dates.month_start_date
    from {{ ref('dim_dates') }} as dates
    cross join first_months
    where
        dates.month_start_date >= first_months.month_start_date
        and dates.date_day <= cast({{ to_local(as_of()) }} as date)

),

-- Of all, every month has its row; of a dimension, each value of which the month has anything or a target.
cells as (

    select months.month_start_date, kpis.kpi, 'all' as dimension, 'all' as dimension_value
    from months
    cross join kpis
    union
    select amounts.month_start_date, parts.kpi, amounts.dimension, amounts.dimension_value
    from parts
    inner join amounts on parts.measure = amounts.measure
    where amounts.dimension_value is not null
    union
    select targets.month_start_date, targets.kpi, targets.dimension, targets.dimension_value
    from targets
    inner join kpis on targets.kpi = kpis.kpi
    inner join months on targets.month_start_date = months.month_start_date

),

looked_up as (

    select
        cells.month_start_date,
        cells.kpi,
        cells.dimension,
        cells.dimension_value,
        parts.part,
        parts.measure,
        states.is_split,
        amounts.measure is not null as has_row,
        amounts.amount,
        states.measure is null and known_measures.is_unknown_without_rows as is_unknown
    from cells
    inner join parts on cells.kpi = parts.kpi
    inner join known_measures on parts.measure = known_measures.measure
    left join states
        on
            parts.measure = states.measure
            and cells.month_start_date = states.month_start_date
            and cells.dimension = states.dimension
    left join amounts
        on
            parts.measure = amounts.measure
            and cells.month_start_date = amounts.month_start_date
            and cells.dimension = amounts.dimension
            and cells.dimension_value = amounts.dimension_value

),

judged as (

    select
        *,
        case
            when coalesce(is_split, not is_unknown) then case when has_row then amount else 0.0 end
        end as known_amount,
        case
            when is_unknown then measure || ' is not known of this month'
            when not is_split then measure || ' is not split by ' || dimension
            when has_row and amount is null then 'part of ' || measure || ' is unknown'
        end as reason
    from looked_up

),

side_by_side as (

    select
        month_start_date,
        kpi,
        dimension,
        dimension_value,
        max(case when part = 'numerator' then known_amount end) as numerator_amount,
        max(case when part = 'numerator' then reason end) as numerator_reason,
        max(case when part = 'subtracted' then known_amount end) as subtracted_amount,
        max(case when part = 'subtracted' then reason end) as subtracted_reason,
        max(case when part = 'denominator' then known_amount end) as denominator_amount,
        max(case when part = 'denominator' then reason end) as denominator_reason
    from judged
    group by month_start_date, kpi, dimension, dimension_value

),

inputs as (

    select
        side_by_side.month_start_date,
        side_by_side.kpi,
        side_by_side.dimension,
        side_by_side.dimension_value,
        case
            when kpis.subtracted is null then side_by_side.numerator_amount
            else side_by_side.numerator_amount - side_by_side.subtracted_amount
        end as numerator,
        side_by_side.denominator_amount as denominator,
        coalesce(
            side_by_side.numerator_reason,
            side_by_side.subtracted_reason,
            side_by_side.denominator_reason,
            case
                when side_by_side.denominator_amount = 0 then kpis.denominator || ' is 0'
                when side_by_side.denominator_amount < kpis.least_denominator
                    then
                        kpis.denominator || ' is below '
                        || cast(kpis.least_denominator as {{ dbt.type_string() }})
            end
        ) as null_reason
    from side_by_side
    inner join kpis on side_by_side.kpi = kpis.kpi

)

select * from inputs

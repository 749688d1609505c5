{%- set dimensions = {
    'channel': 'channel', 'campaign': 'campaign_id', 'persona': 'persona', 'segment': 'segment', 'product': 'product',
    'country': 'country',
} -%}
{%- set parts = ['numerator', 'subtracted', 'denominator'] -%}

with kpis as (

    select
        *,
        -- Of a cost, or of what is open, a month without any row is one of which nothing is known; else nothing happened.
        {%- for part in parts %}
        ({{ part }} like '%_cost' or {{ part }} like '%open_pipeline') as {{ part }}_needs_rows{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('kpis') }}
    where numerator not like 'kpi:%'

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
    {%- for part in parts %}
    union
    select amounts.month_start_date, kpis.kpi, amounts.dimension, amounts.dimension_value
    from kpis
    inner join amounts on kpis.{{ part }} = amounts.measure
    where amounts.dimension_value is not null
    {%- endfor %}
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
        kpis.subtracted,
        kpis.denominator,
        kpis.least_denominator,
        {%- for part in parts %}
        case
            when {{ part }}_states.is_split and {{ part }}_amounts.measure is null then 0.0
            when {{ part }}_states.is_split then {{ part }}_amounts.amount
            when {{ part }}_states.measure is null and not kpis.{{ part }}_needs_rows then 0.0
        end as {{ part }}_amount,
        case
            when kpis.{{ part }} is null then null
            when {{ part }}_states.measure is null and kpis.{{ part }}_needs_rows
                then kpis.{{ part }} || ' is not known of this month'
            when not {{ part }}_states.is_split then kpis.{{ part }} || ' is not split by ' || cells.dimension
            when {{ part }}_amounts.measure is not null and {{ part }}_amounts.amount is null
                then 'part of ' || kpis.{{ part }} || ' is unknown'
        end as {{ part }}_reason{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    inner join kpis on cells.kpi = kpis.kpi
    {%- for part in parts %}
    left join states as {{ part }}_states
        on
            kpis.{{ part }} = {{ part }}_states.measure
            and cells.month_start_date = {{ part }}_states.month_start_date
            and cells.dimension = {{ part }}_states.dimension
    left join amounts as {{ part }}_amounts
        on
            kpis.{{ part }} = {{ part }}_amounts.measure
            and cells.month_start_date = {{ part }}_amounts.month_start_date
            and cells.dimension = {{ part }}_amounts.dimension
            and cells.dimension_value = {{ part }}_amounts.dimension_value
    {%- endfor %}

),

inputs as (

    select
        month_start_date,
        kpi,
        dimension,
        dimension_value,
        case when subtracted is null then numerator_amount else numerator_amount - subtracted_amount end as numerator,
        denominator_amount as denominator,
        coalesce(
            numerator_reason,
            subtracted_reason,
            denominator_reason,
            case
                when denominator is not null and denominator_amount = 0 then denominator || ' is 0'
                when denominator_amount < least_denominator
                    then denominator || ' is below ' || cast(least_denominator as {{ dbt.type_string() }})
            end
        ) as null_reason
    from looked_up

)

select * from inputs

with kpis as (

    select * from {{ ref('kpis') }}

),

inputs as (

    select * from {{ ref('fct_kpi_inputs') }}

),

targets as (

    select
        month_start_date,
        kpi,
        coalesce(dimension, 'all') as dimension,
        coalesce(dimension_value, 'all') as dimension_value,
        target
    from {{ ref('targets') }}
    where not is_deleted

),

valued as (

    select
        inputs.*,
        case
            when inputs.null_reason is not null then null
            when kpis.denominator is null then inputs.numerator
            else inputs.numerator / inputs.denominator
        end as value
    from inputs
    inner join kpis on inputs.kpi = kpis.kpi

),

-- A KPI may be the ratio of two others.
ratios_of_kpis as (

    select
        above.month_start_date,
        kpis.kpi,
        above.dimension,
        above.dimension_value,
        above.value as numerator,
        below.value as denominator,
        coalesce(
            above.null_reason, below.null_reason, case when below.value = 0 then below.kpi || ' is 0' end
        ) as null_reason,
        above.value / nullif(below.value, 0) as value
    from kpis
    inner join valued as above on kpis.numerator = 'kpi:' || above.kpi
    inner join valued as below
        on
            kpis.denominator = 'kpi:' || below.kpi
            and above.month_start_date = below.month_start_date
            and above.dimension = below.dimension
            and above.dimension_value = below.dimension_value

),

all_kpis as (

    select * from valued
    union all
    select * from ratios_of_kpis

),

-- What was aimed at stands also where nothing came.
compared as (

    select
        coalesce(all_kpis.month_start_date, targets.month_start_date) as month_start_date,
        coalesce(all_kpis.kpi, targets.kpi) as kpi,
        coalesce(all_kpis.dimension, targets.dimension) as dimension,
        coalesce(all_kpis.dimension_value, targets.dimension_value) as dimension_value,
        all_kpis.numerator,
        all_kpis.denominator,
        all_kpis.value,
        all_kpis.null_reason,
        coalesce(all_kpis.month_start_date, targets.month_start_date)
        = {{ month_start('cast(' ~ to_local(as_of()) ~ ' as date)') }} as is_partial_period,
        targets.target,
        all_kpis.value / nullif(targets.target, 0) as target_rate
    from all_kpis
    full outer join targets
        on
            all_kpis.month_start_date = targets.month_start_date
            and all_kpis.kpi = targets.kpi
            and all_kpis.dimension = targets.dimension
            and all_kpis.dimension_value = targets.dimension_value

)

select * from compared

with credits as (

    select * from {{ ref('int_credits_monthly') }}
    where
        converted_month_start_date >= {{ add_months(
            month_start(local_date(as_of())), '-' ~ setting('attribution_comparison_months', 'int')
        ) }}

),

credits_of_dimensions as (

    select
        conversion_type, attribution_window, attribution_model, 'channel' as dimension, channel as dimension_value,
        channel = 'unattributed' as is_unattributed, credit, amount
    from credits
    union all
    select
        conversion_type, attribution_window, attribution_model, 'campaign' as dimension,
        coalesce(campaign_id, '(none)') as dimension_value, channel = 'unattributed' as is_unattributed, credit, amount
    from credits

),

added_up as (

    select
        conversion_type,
        attribution_window,
        attribution_model,
        dimension,
        dimension_value,
        is_unattributed,
        {{ exact_sum('credit', 12) }} as credit,
        {{ exact_sum('amount', 9) }} as amount
    from credits_of_dimensions
    group by
        conversion_type, attribution_window, attribution_model, dimension, dimension_value, is_unattributed

),

-- What is compared must be there under every view: who gets nothing under one of them gets 0.
views as (

    select
        conversion_type,
        attribution_window,
        attribution_model,
        dimension,
        {{ exact_sum('credit', 12) }} as total_credit,
        {{ exact_sum('case when not is_unattributed then credit end', 12) }} as attributed_credit
    from added_up
    group by conversion_type, attribution_window, attribution_model, dimension

),

compared_values as (

    select distinct conversion_type, dimension, dimension_value
    from added_up
    where not is_unattributed

),

compared as (

    select
        views.conversion_type,
        views.attribution_window,
        views.attribution_model,
        views.dimension,
        compared_values.dimension_value,
        coalesce(added_up.credit, 0.0) as credit,
        coalesce(added_up.amount, case when views.conversion_type in ('opportunity', 'won') then 0.0 end) as amount,
        coalesce(added_up.credit, 0.0) / nullif(views.attributed_credit, 0.0) as credit_share,
        rank() over (
            partition by
                views.conversion_type, views.attribution_window, views.attribution_model, views.dimension
            order by coalesce(added_up.credit, 0.0) desc
        ) as credit_rank,
        coalesce(views.attributed_credit, 0.0) / views.total_credit as coverage_rate
    from views
    inner join compared_values
        on
            views.conversion_type = compared_values.conversion_type
            and views.dimension = compared_values.dimension
    left join added_up
        on
            views.conversion_type = added_up.conversion_type
            and views.attribution_window = added_up.attribution_window
            and views.attribution_model = added_up.attribution_model
            and views.dimension = added_up.dimension
            and compared_values.dimension_value = added_up.dimension_value
            and not added_up.is_unattributed

)

select * from compared

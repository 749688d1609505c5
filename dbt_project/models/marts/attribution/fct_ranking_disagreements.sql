with comparisons as (

    select * from {{ ref('fct_attribution_comparisons') }}

),

views as (

    select
        conversion_type,
        dimension,
        cast(count(distinct attribution_window || ' ' || attribution_model) as int) as view_count
    from comparisons
    group by conversion_type, dimension

),

-- Sums of shares differ in their last digits: what differs by less than a millionth of a conversion is equal.
pairs as (

    select
        ahead.conversion_type,
        ahead.dimension,
        ahead.dimension_value as first_value,
        behind.dimension_value as second_value,
        cast(sum(case when ahead.credit > behind.credit + 1e-6 then 1 else 0 end) as int) as ahead_count,
        cast(sum(case when ahead.credit < behind.credit - 1e-6 then 1 else 0 end) as int) as behind_count,
        min(ahead.credit - behind.credit) as least_difference,
        max(ahead.credit - behind.credit) as most_difference
    from comparisons as ahead
    inner join comparisons as behind
        on
            ahead.conversion_type = behind.conversion_type
            and ahead.dimension = behind.dimension
            and ahead.attribution_window = behind.attribution_window
            and ahead.attribution_model = behind.attribution_model
            and ahead.dimension_value != behind.dimension_value
    group by ahead.conversion_type, ahead.dimension, ahead.dimension_value, behind.dimension_value

),

-- Each pair once, first whoever is ahead more often.
judged as (

    select
        pairs.conversion_type,
        pairs.dimension,
        pairs.first_value,
        pairs.second_value,
        pairs.ahead_count,
        pairs.behind_count,
        views.view_count,
        pairs.ahead_count = views.view_count as is_held,
        pairs.least_difference,
        pairs.most_difference
    from pairs
    inner join views
        on pairs.conversion_type = views.conversion_type and pairs.dimension = views.dimension
    where
        pairs.ahead_count > pairs.behind_count
        or (pairs.ahead_count = pairs.behind_count and pairs.first_value < pairs.second_value)

)

select * from judged

with days as (

    select date_day
    from {{ days_from_to("date '2010-01-01'", "date '2035-12-31'") }} as spine

),

described as (

    select
        date_day,
        cast(date_trunc('month', date_day) as date) as month_start_date,
        cast(date_trunc('quarter', date_day) as date) as quarter_start_date,
        cast(date_trunc('year', date_day) as date) as year_start_date,
        case
            when {{ setting('week_start') }} = 'sunday'
                then {{ add_days("cast(date_trunc('week', " ~ add_days('date_day', 1) ~ ") as date)", -1) }}
            else cast(date_trunc('week', date_day) as date)
        end as week_start_date,
        extract(year from date_day)
        + case
            when
                {{ setting('fiscal_year_start_month', 'int') }} > 1
                and extract(month from date_day) >= {{ setting('fiscal_year_start_month', 'int') }}
                then 1
            else 0
        end as fiscal_year
    from days

),

typed as (

    select
        date_day,
        month_start_date,
        quarter_start_date,
        year_start_date,
        week_start_date,
        cast(fiscal_year as int) as fiscal_year,
        date_day = cast({{ to_local(as_of()) }} as date) as is_today
    from described

)

select * from typed

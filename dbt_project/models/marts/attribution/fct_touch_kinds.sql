with touches as (

    select * from {{ ref('int_conversion_touches') }}

),

sources as (

    select * from {{ ref('int_touch_sources') }}

),

kinds as (

    select distinct touch_source, {{ month_start('touched_date') }} as month_start_date
    from touches

),

numbered as (

    select
        row_number() over (order by kinds.month_start_date, kinds.touch_source) as touch_kind,
        kinds.touch_source,
        sources.channel,
        sources.campaign_id,
        kinds.month_start_date
    from kinds
    inner join sources on kinds.touch_source = sources.touch_source

)

select * from numbered

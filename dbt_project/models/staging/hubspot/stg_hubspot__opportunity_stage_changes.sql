with history as (

    {{ latest_versions('raw_hubspot', 'deal_history', ['object_id', 'property', 'changed_at', 'sequence']) }}

),

-- Per moment what each property came to be; an emptied one is an empty text.
moments as (

    select
        object_id,
        changed_at,
        max_by(value, case when property = 'dealstage' and value != '' then sequence end) as stage,
        max_by(value, case when property = 'amount' then sequence end) as amount,
        max_by(value, case when property = 'deal_currency_code' then sequence end) as currency,
        max(_loaded_at) as loaded_at,
        min(case when _is_deleted then 1 else 0 end) = 1 as is_deleted
    from history
    where property in ('dealstage', 'amount', 'deal_currency_code')
    group by object_id, changed_at

),

runs as (

    select
        *,
        count(stage) over (partition by object_id order by changed_at) as stage_run,
        count(amount) over (partition by object_id order by changed_at) as amount_run,
        count(currency) over (partition by object_id order by changed_at) as currency_run
    from moments

),

-- What was not changed at a moment is as it was before.
filled as (

    select
        object_id,
        changed_at,
        stage as own_stage,
        max(stage) over (partition by object_id, stage_run) as stage,
        max(amount) over (partition by object_id, amount_run) as amount,
        max(currency) over (partition by object_id, currency_run) as currency,
        loaded_at,
        is_deleted
    from runs

),

stages as (

    select distinct object_id, changed_at, value as stage
    from history
    where property = 'dealstage' and value != ''

),

renamed as (

    select
        'hubspot:' || filled.object_id as opportunity_id,
        coalesce(stages.stage, filled.stage) as stage,
        filled.changed_at,
        'second' as changed_at_precision,
        {{ try_cast('filled.amount', 'double') }} as amount_local,
        nullif(filled.currency, '') as currency,
        'hubspot' as source,
        filled.loaded_at,
        filled.is_deleted
    from filled
    left join stages on filled.object_id = stages.object_id and filled.changed_at = stages.changed_at
    where coalesce(stages.stage, filled.stage) is not null

)

select * from renamed

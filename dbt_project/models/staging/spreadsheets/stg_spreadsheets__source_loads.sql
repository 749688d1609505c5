with loads as (

    select * from {{ source('raw_spreadsheets', 'loads') }}

),

renamed as (

    select
        started_at,
        finished_at,
        status,
        message,
        row_count,
        changed_count,
        quarantined_count,
        'spreadsheets' as source,
        _loaded_at as loaded_at
    from loads
    where _loaded_at <= {{ as_of() }}

)

select * from renamed

with people as (

    select * from {{ ref('stg_spreadsheets__people') }}

),

renamed as (

    select
        lead_id,
        full_name,
        email,
        cast(null as string) as phone,
        company_name,
        'spreadsheets' as source,
        loaded_at,
        is_deleted
    from people

)

select * from renamed

with campaigns as (

    select * from {{ ref('campaigns') }}
    where not is_deleted

),

described as (

    select
        campaign_id,
        coalesce(campaign_name, campaign_id) as campaign_name,
        platform,
        parent_campaign_id,
        start_date,
        end_date
    from campaigns

)

select * from described

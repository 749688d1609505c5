with activities as (

    {{ latest_versions('raw_marketo', 'activities', ['marketo_guid']) }}

),

activity_types as (

    {{ latest_versions('raw_marketo', 'activity_types', ['id']) }}

),

campaigns as (

    {{ latest_versions('raw_marketo', 'campaigns', ['id']) }}

),

landing_pages as (

    {{ latest_versions('raw_marketo', 'landing_pages', ['id']) }}

),

-- What an activity is about: a page, a form, a mail. Its primary attribute says which one.
named as (

    select
        activities.*,
        activity_types.name as type_name,
        campaigns.program_id,
        landing_pages.id as landing_page_id,
        landing_pages.computed_url,
        activity_types.name like 'Fill Out%' as is_form,
        activity_types.name like '%Email%' and activity_types.name not like '%Sales Email%' as is_mail
    from activities
    inner join activity_types on activities.activity_type_id = activity_types.id
    left join campaigns on activities.campaign_id = campaigns.id
    left join landing_pages
        on
            landing_pages.id = case
                when activity_types.name = 'Visit Webpage' then activities.primary_attribute_value_id
                when activity_types.name like 'Fill Out%' then {{ try_cast('activities.webpage_id', 'bigint') }}
            end

),

renamed as (

    select
        'marketo:' || marketo_guid as activity_id,
        'marketo:' || cast(lead_id as string) as lead_id,
        cast(null as string) as visitor_id,
        cast(null as string) as account_id,
        case when is_form then type_name || ': ' || coalesce(primary_attribute_value, '') else type_name end
            as activity_type,
        activity_date as occurred_at,
        'second' as occurred_at_precision,
        type_name not in ('Send Email', 'Email Delivered', 'Email Bounced', 'Email Bounced Soft') as is_inbound,
        case
            when type_name in ('Send Email', 'Email Delivered', 'Email Bounced', 'Email Bounced Soft') then 'automation'
            else 'person'
        end as actor,
        cast(null as string) as user_id,
        cast(null as string) as outcome,
        'marketo:' || cast(program_id as string) as campaign_id,
        case
            when landing_page_id is not null then 'marketo:page:' || cast(landing_page_id as string)
            when is_form then 'marketo:form:' || cast(primary_attribute_value_id as string)
            when is_mail then 'marketo:email:' || cast(primary_attribute_value_id as string)
        end as content_id,
        click_id,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        referrer_url as referrer,
        case
            when landing_page is not null then landing_page
            -- A page that was called from elsewhere is where the visit began.
            when type_name = 'Visit Webpage' and (referrer_url is not null or query_parameters is not null)
                then 'https://' || replace(replace(primary_attribute_value, 'https://', ''), 'http://', '')
        end as landing_page,
        case
            when type_name = 'Visit Webpage'
                then 'https://' || replace(replace(primary_attribute_value, 'https://', ''), 'http://', '')
            else coalesce(page_url, link, computed_url)
        end as url,
        cast(null as string) as channel,
        cast(null as double) as value,
        'marketo' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from named

)

select * from renamed

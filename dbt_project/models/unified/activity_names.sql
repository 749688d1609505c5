with words as (

    select distinct source, activity_type as source_activity
    from (
        {{ union_sources('activities', {'source': 'string', 'activity_type': 'string'}) }}
    ) as supplied

),

mapped as (

    select
        words.source,
        words.source_activity,
        -- Kept apart from null, which means that no row matches.
        min_by(coalesce(activity_mappings.activity_type, ''), activity_mappings.priority) as activity_type
    from words
    inner join {{ ref('activity_mappings') }} as activity_mappings
        on
            words.source = activity_mappings.source
            and {{ matches_pattern('words.source_activity', 'activity_mappings.source_activity') }}
    group by words.source, words.source_activity

),

named as (

    select
        words.source,
        words.source_activity,
        coalesce(nullif(mapped.activity_type, ''), own.activity_type) as activity_type,
        mapped.activity_type is not null or own.activity_type is not null as is_known
    from words
    left join mapped on words.source = mapped.source and words.source_activity = mapped.source_activity
    left join {{ ref('activity_types') }} as own
        on words.source_activity = own.activity_type and mapped.activity_type is null

)

select * from named

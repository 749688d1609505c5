{%- set most_words = 12 -%}
{%- set separator = setting('campaign_name_separator') -%}

with naming as (

    select * from {{ ref('campaign_naming') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}
    where not is_deleted

),

activities as (

    select * from {{ ref('int_activities_classified') }}

),

-- Programmes only gather campaigns, and ad groups are called as the platform's users like.
programmes as (

    select distinct parent_campaign_id as campaign_id
    from campaigns
    where not coalesce(is_ad_group, false) and parent_campaign_id is not null

),

activities_of_campaigns as (

    select campaign_id, count(*) as activity_count
    from activities
    where campaign_id is not null
    group by campaign_id

),

names as (

    select
        'campaign' as kind,
        campaigns.campaign_id as name_id,
        coalesce(campaigns.campaign_name, campaigns.campaign_id) as name,
        campaigns.campaign_id,
        coalesce(activities_of_campaigns.activity_count, 0) as activity_count
    from campaigns
    left join programmes on campaigns.campaign_id = programmes.campaign_id
    left join activities_of_campaigns on campaigns.campaign_id = activities_of_campaigns.campaign_id
    where programmes.campaign_id is null and not coalesce(campaigns.is_ad_group, false)
    union all
    select
        'utm_campaign' as kind,
        utm_campaign as name_id,
        utm_campaign as name,
        max(campaign_id) as campaign_id,
        count(*) as activity_count
    from activities
    where utm_campaign is not null
    group by utm_campaign

),

parts as (

    select
        position,
        min(part) as part,
        {{ joined_text('value', 'value') }} as allowed,
        max(case when value is null then pattern end) as text_pattern
    from naming
    group by position

),

scheme as (

    select
        count(*) as part_count,
        {{ joined_text('part', 'position') }} as part_names
    from parts

),

names_by_part as (

    select
        names.kind,
        names.name_id,
        names.name,
        parts.position,
        parts.part,
        parts.allowed,
        parts.text_pattern,
        split_part(names.name, {{ separator }}, parts.position) as token
    from names
    cross join parts

),

-- What stands at its place.
tokens as (

    select
        names_by_part.*,
        named.value as named_value,
        named.value is not null
        or (
            names_by_part.text_pattern is not null
            and {{ matches_pattern('names_by_part.token', 'names_by_part.text_pattern') }}
        ) as is_right
    from names_by_part
    left join naming as named
        on
            names_by_part.position = named.position
            and lower(names_by_part.token) = lower(named.value)

),

-- What stands anywhere: each word belongs to the first part that has a value meant by it.
numbers as (

    {% for number in range(1, most_words + 1) -%}
    select {{ number }} as word_number
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

words as (

    select
        names.kind,
        names.name_id,
        numbers.word_number,
        split_part({{ words_of('names.name') }}, ' ', numbers.word_number) as word
    from names
    cross join numbers

),

meanings as (

    select
        words.kind,
        words.name_id,
        words.word_number,
        words.word,
        min(naming.position) as position,
        min_by(naming.value, naming.position) as value
    from words
    left join naming
        on naming.value is not null and {{ matches_pattern('words.word', 'naming.pattern') }}
    where words.word != ''
    group by words.kind, words.name_id, words.word_number, words.word

),

ranked_meanings as (

    select
        *,
        row_number() over (partition by kind, name_id, position order by word_number) as rank_in_part
    from meanings

),

values_found as (

    select
        kind,
        name_id,
        position,
        value
    from ranked_meanings
    where position is not null and rank_in_part = 1

),

texts_left as (

    select
        kind,
        name_id,
        replace({{ joined_text('word', 'word_number') }}, ', ', '-') as text_left
    from ranked_meanings
    where position is null or rank_in_part > 1
    group by kind, name_id

),

judged_parts as (

    select
        tokens.kind,
        tokens.name_id,
        tokens.position,
        tokens.is_right,
        case
            when tokens.is_right then null
            when tokens.token = ''
                then 'part ' || cast(tokens.position as string) || ' (' || tokens.part || ') is missing'
            when tokens.text_pattern is not null
                then '''' || tokens.token || ''' is not written as a ' || tokens.part || ' must be'
            else '''' || tokens.token || ''' is no ' || tokens.part || ' (' || tokens.allowed || ')'
        end as violation,
        coalesce(
            tokens.named_value,
            values_found.value,
            case
                when
                    tokens.text_pattern is not null
                    and {{ matches_pattern('texts_left.text_left', 'tokens.text_pattern') }}
                    then texts_left.text_left
            end,
            '<' || tokens.part || '>'
        ) as suggestion
    from tokens
    left join values_found
        on
            tokens.kind = values_found.kind
            and tokens.name_id = values_found.name_id
            and tokens.position = values_found.position
    left join texts_left on tokens.kind = texts_left.kind and tokens.name_id = texts_left.name_id

),

judged as (

    select
        names.kind,
        names.name_id,
        names.name,
        names.campaign_id,
        names.activity_count,
        scheme.part_count,
        scheme.part_names,
        length(names.name) - length(replace(names.name, {{ separator }}, '')) + 1 as token_count,
        sum(case when judged_parts.is_right then 1 else 0 end) as right_count,
        {{ joined_text('judged_parts.violation', 'judged_parts.position') }} as violation,
        {{ joined_text('judged_parts.suggestion', 'judged_parts.position') }} as suggestion
    from names
    cross join scheme
    inner join judged_parts on names.kind = judged_parts.kind and names.name_id = judged_parts.name_id
    group by
        names.kind, names.name_id, names.name, names.campaign_id, names.activity_count, scheme.part_count,
        scheme.part_names

),

scored as (

    select
        kind,
        name_id,
        name,
        campaign_id,
        campaign_id is not null as is_known,
        right_count = part_count and token_count = part_count as is_valid,
        right_count / cast(greatest(part_count, token_count) as double) as score,
        case
            when token_count = 1 and part_count > 1 and right_count < part_count
                then 'is one piece instead of ' || replace(part_names, ', ', {{ separator }})
            when token_count > part_count
                then concat(
                    cast(token_count as string),
                    ' parts instead of ',
                    cast(part_count as string),
                    ' (',
                    replace(part_names, ', ', {{ separator }}),
                    ')',
                    coalesce(', ' || violation, '')
                )
            else violation
        end as violation,
        case
            when right_count = part_count and token_count = part_count then null
            when kind = 'utm_campaign' then lower(replace(suggestion, ', ', {{ separator }}))
            else replace(suggestion, ', ', {{ separator }})
        end as suggested_name,
        activity_count
    from judged

)

select * from scored

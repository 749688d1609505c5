{#- The columns of an activity that a rule may look at; those of content are looked at by its id. -#}
{%- set columns_of_activities = {
    'activity.page': 'page', 'activity.channel': 'channel', 'activity.outcome': 'outcome'
} -%}
{%- set columns_of_content = ['content_name', 'content_type', 'topic', 'funnel_phase'] -%}
with rules as (

    select
        rules.*,
        scoring_groups.dimension
    from {{ ref('scoring_rules') }} as rules
    inner join {{ ref('scoring_groups') }} as scoring_groups
        on
            rules.score_version = scoring_groups.score_version
            and rules.rule_group = scoring_groups.rule_group
    where scoring_groups.dimension = 'intent' and rules.points != 0

),

content as (

    select * from {{ ref('content') }}
    where not is_deleted

),

-- All that rules look at, in one pass: there are few different ones, however many activities there are.
activities_seen as (

    select
        activity_type,
        coalesce(actor, '') as actor,
        {{ columns_of_activities.values() | join(',\n        ') }}
    from {{ ref('int_activities_known') }}
    group by activity_type, coalesce(actor, ''), {{ columns_of_activities.values() | join(', ') }}

),

kinds as (

    select distinct activity_type, actor from activities_seen

),

rules_of_kinds as (

    select
        rules.*,
        kinds.activity_type as kind_activity_type,
        kinds.actor as kind_actor
    from rules
    inner join kinds
        on
            {{ matches_pattern('kinds.activity_type', "coalesce(rules.activity_type, '.*')") }}
            and {{ matches_pattern('kinds.actor', "coalesce(rules.actor, '.*')") }}

),

values_seen as (

    {% for signal, column in columns_of_activities.items() -%}
    select distinct
        '{{ signal }}' as signal,
        activity_type,
        {{ column }} as value,
        {{ column }} as match_key
    from activities_seen
    where {{ column }} is not null
    union all
    {% endfor -%}
    {%- for column in columns_of_content -%}
    select
        'content.{{ column }}' as signal,
        cast(null as string) as activity_type,
        {{ column }} as value,
        content_id as match_key
    from content
    where {{ column }} is not null
    {%- if not loop.last %}
    union all
    {% endif -%}
    {% endfor %}

),

signals as (

    select
        rules_of_kinds.score_version,
        rules_of_kinds.rule_group,
        rules_of_kinds.rule_id,
        rules_of_kinds.valid_from,
        rules_of_kinds.valid_to,
        rules_of_kinds.least_days,
        rules_of_kinds.within_days,
        rules_of_kinds.points,
        rules_of_kinds.kind_activity_type as activity_type,
        rules_of_kinds.kind_actor as actor,
        coalesce(
            case when rules_of_kinds.signal like 'content.%' then 'content' else rules_of_kinds.signal end, 'any'
        ) as match_on,
        values_seen.match_key
    from rules_of_kinds
    left join values_seen
        on
            rules_of_kinds.signal = values_seen.signal
            and (
                values_seen.activity_type is null
                or rules_of_kinds.kind_activity_type = values_seen.activity_type
            )
            and {{ meets_condition('values_seen.value', 'rules_of_kinds') }}
    where rules_of_kinds.signal is null or values_seen.match_key is not null

)

select * from signals

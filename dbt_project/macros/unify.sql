{% macro unify(
    entity, leads=[], accounts=[], campaigns=[], stage_track=none, mapped=[], event_at=none, one_row_per=[],
    has_own_words=false
) %}
    {#-
        One entity of the input contract from all enabled sources.

        leads, accounts  columns that hold ids of people and companies: replaced by those of the identity map
        campaigns        columns that hold ids of campaigns: replaced by those of campaign_identities
        stage_track      the track whose stage names a source may write in its own words; a row whose only news is a
                         stage that is none of ours is left out (unknown ones stand in quarantine)
        mapped           columns whose spellings the playbook's value_mappings mend
        event_at         when it happened: later than `as_of`, and it has not happened yet
        has_own_words    sources have words of their own for `activity_type`; what is of no interest is left out
        one_row_per      the key, where uniting people or companies can make two rows one; the last learnt stays
    -#}
    {%- set columns = contract_columns() %}
    {%- set is_stage_change = stage_track and entity.endswith('_stage_changes') %}
with unioned as (
    {{ union_sources(entity, columns) }}
),

resolved as (

    select
        {%- for column in columns.keys() %}
        {%- if column in leads or column in accounts or column in campaigns %}
        coalesce({{ column }}_identities.canonical_id, unioned.{{ column }}) as {{ column }}
        {%- elif column == 'stage' and stage_track %}
        known_stages.stage
        {%- elif column == 'activity_type' and has_own_words %}
        activity_names.activity_type
        {%- elif column in mapped %}
        coalesce({{ column }}_spellings.value, unioned.{{ column }}) as {{ column }}
        {%- else %}
        unioned.{{ column }}
        {%- endif %}{{ ',' if not loop.last }}
        {%- endfor %}
    from unioned
    {%- for column in leads + accounts %}
    left join {{ ref('identity_map') }} as {{ column }}_identities
        on
            {{ column }}_identities.object_type = '{{ 'lead' if column in leads else 'account' }}'
            and {{ column }}_identities.is_current
            and {{ column }}_identities.source_id = unioned.{{ column }}
    {%- endfor %}
    {%- for column in campaigns %}
    left join {{ ref('campaign_identities') }} as {{ column }}_identities
        on unioned.{{ column }} = {{ column }}_identities.source_id
    {%- endfor %}
    {%- if stage_track %}
    left join {{ ref('stage_mappings') }} as stage_names
        on
            stage_names.track = '{{ stage_track }}'
            and stage_names.source = unioned.source
            and stage_names.source_stage = unioned.stage
    {{ 'inner' if is_stage_change else 'left' }} join {{ ref('lifecycle_stages') }} as known_stages
        on
            known_stages.track = '{{ stage_track }}'
            and known_stages.stage
            = case when stage_names.source is null then unioned.stage else stage_names.stage end
    {%- endif %}
    {%- if has_own_words %}
    inner join {{ ref('activity_names') }} as activity_names
        on
            unioned.source = activity_names.source
            and unioned.activity_type = activity_names.source_activity
            and activity_names.activity_type is not null
    {%- endif %}
    {%- for column in mapped %}
    {{ join_spelling(entity, column, 'unioned') }}
    {%- endfor %}
    {%- if event_at %}
    where unioned.{{ event_at }} <= {{ as_of() }} or unioned.{{ event_at }} is null
    {%- endif %}

)
{%- if one_row_per %},

ranked as (

    select
        *,
        row_number() over (
            partition by {{ one_row_per | join(', ') }} order by is_deleted, loaded_at desc, source
        ) as row_rank
    from resolved

),

united as (

    select
        {{ columns.keys() | join(',\n        ') }}
    from ranked
    where row_rank = 1

)

select * from united
{%- else %}

select * from resolved
{%- endif %}
{%- endmacro %}

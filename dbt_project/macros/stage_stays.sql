{% macro stay_parameters() -%}
    {#- The parameters of a table macro that looks at stays in stages, with their defaults. -#}
    {{- return(filter_parameters({
        'on_track': 'cast(null as varchar)',
        'in_stage': 'cast(null as varchar)',
        'first_visits_only': 'true',
    })) -}}
{%- endmacro %}

{% macro stage_visits(columns) -%}
    {#- The stays of both tracks in one relation, `columns` beside track and record_id. -#}
    select 'lead' as track, lead_id as record_id, {{ columns | join(', ') }}
    from {{ ref('fct_lead_stage_visits') }}
    union all
    select 'opportunity' as track, opportunity_id as record_id, {{ columns | join(', ') }}
    from {{ ref('fct_opportunity_stage_visits') }}
{%- endmacro %}

{% macro stays_in_stages() -%}
    {#-
        The CTEs that end in `stays`: the stays whose whole length is known or still growing, under the parameters of
        `stay_parameters`. exit_class is the direction of the exit, null while the stay lasts. A final stage has no stays.
    -#}
    visits as (

        {{ stage_visits([
            'stage', 'visit_number', 'entered_at', 'entered_date', 'direction', 'duration_days', 'age_days',
            'is_left_truncated', 'channel', 'campaign_id', 'persona', 'segment', 'product',
        ]) }}

    ),

    stages as (

        select track, stage
        from {{ ref('dim_stages') }}
        where
            not is_final
            and (on_track is null or track = on_track)
            and (in_stage is null or stage = in_stage)

    ),

    stays as (

        select
            visits.track,
            visits.stage,
            {{ dimension_value('visits', {
                'month': "date_trunc('month', visits.entered_date)::date",
            }) }} as dimension_value,
            coalesce(visits.duration_days, visits.age_days) as duration_days,
            visits.direction as exit_class
        from visits
        inner join stages on visits.track = stages.track and visits.stage = stages.stage
        where
            not visits.is_left_truncated
            and visits.entered_at is not null
            and (not first_visits_only or visits.visit_number = 1)
            and {{ is_in_period('visits.entered_date') }}
            and {{ passes_filters('visits') }}

    )
{%- endmacro %}

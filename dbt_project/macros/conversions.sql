{% macro conversion_parameters(others={}) -%}
    {#- The parameters of a table macro that looks at the way from one stage to another, with their defaults. -#}
    {%- set parameters = {
        'from_stage': 'cast(null as varchar)',
        'to_stage': 'cast(null as varchar)',
        'unit': "'lead'",
        'is_strict': 'false',
        'by_month': 'false',
    } -%}
    {%- do parameters.update(others) -%}
    {{- return(filter_parameters(parameters)) -}}
{%- endmacro %}

{% macro conversion_ctes() -%}
    {#-
        The CTEs that end in `pairs` (the two stages that are compared; without names, each stage on the way and the next)
        and `arrivals` (one row per record of the unit and arrival in a stage, with passes_filters).
        A lead goes on along the track of its own deals. came_from_order is the order of the stage it came from, 0 off the
        way or at the beginning; passed_order the one up to which it has passed the way: of a deal that begins, all that
        lies before the deals' track.
    -#}
    stages_of_unit as (

        select * from {{ ref('dim_stages') }}
        where
            case unit
                when 'lead' then true
                when 'opportunity' then track = 'opportunity'
                else error('unit is lead or opportunity')
            end

    ),

    -- The stage that ends one track and begins the other is one step.
    stages as (

        select
            track,
            stage,
            stage_order,
            case when stage_order > 0 then dense_rank() over (partition by stage_order > 0 order by stage_order) end
                as step_number,
            row_number() over (
                partition by stage_order, case when stage_order = 0 then stage end order by track
            ) = 1 as is_named_here
        from stages_of_unit

    ),

    named_stages as (

        select
            case
                when from_stage is not null and not list_contains(list(stage), from_stage)
                    then error('from_stage: no stage ' || from_stage || '; there are ' || string_agg(distinct stage, ', '))
                when to_stage is not null and not list_contains(list(stage), to_stage)
                    then error('to_stage: no stage ' || to_stage || '; there are ' || string_agg(distinct stage, ', '))
                else true
            end as are_known
        from stages

    ),

    pairs as (

        select
            entered.stage as entered_stage,
            entered.stage_order as entered_order,
            reached.stage as reached_stage,
            reached.stage_order as reached_order,
            reached.step_number - entered.step_number - 1 as steps_between
        from named_stages
        inner join stages as entered on named_stages.are_known and entered.is_named_here
        inner join stages as reached
            on reached.is_named_here and (entered.stage_order != reached.stage_order or entered.stage != reached.stage)
        where
            case
                when from_stage is null and to_stage is null
                    then coalesce(reached.step_number = entered.step_number + 1, false)
                else
                    (entered.stage = from_stage or (from_stage is null and entered.stage_order > 0))
                    and (reached.stage = to_stage or (to_stage is null and reached.stage_order > 0))
                    and (reached.stage_order = 0 or reached.stage_order > entered.stage_order)
            end

    ),

    arrivals_of_unit as (

        select
            lead_id as record_id, stage, stage_order, 0 as least_order, entered_from_stage, 'lead' as track, entered_at,
            entered_date, channel, campaign_id, persona, segment, product
        from {{ ref('fct_lead_stage_visits') }}
        where unit = 'lead'
        union all
        select
            case when unit = 'lead' then opportunities.primary_lead_id else visits.opportunity_id end as record_id,
            visits.stage, visits.stage_order, opening.stage_order - 1 as least_order, visits.entered_from_stage,
            'opportunity' as track, visits.entered_at, visits.entered_date, visits.channel, visits.campaign_id,
            visits.persona, visits.segment, visits.product
        from {{ ref('fct_opportunity_stage_visits') }} as visits
        inner join {{ ref('fct_opportunities') }} as opportunities
            on visits.opportunity_id = opportunities.opportunity_id
        -- The first stage on the way of the track: whoever comes to it has passed all that lies before.
        cross join (
            select coalesce(min(stage_order), 1) as stage_order
            from stages
            where track = 'opportunity' and stage_order > 0
        ) as opening
        where unit = 'opportunity' or {{ is_own_deal('opportunities.primary_lead_rule') }}

    ),

    arrivals as (

        select
            arrivals_of_unit.record_id,
            arrivals_of_unit.stage,
            arrivals_of_unit.stage_order,
            arrivals_of_unit.entered_from_stage,
            coalesce(came_from.stage_order, 0) as came_from_order,
            case
                when arrivals_of_unit.entered_from_stage is null then arrivals_of_unit.least_order
                else coalesce(came_from.stage_order, 0)
            end as passed_order,
            arrivals_of_unit.entered_at,
            arrivals_of_unit.entered_date,
            case when by_month then date_trunc('month', arrivals_of_unit.entered_date)::date end as month_start_date,
            {{ dimension_value('arrivals_of_unit') }} as dimension_value,
            -- What is not known passes no filter; of a null, `arg_min` would take the next arrival's.
            coalesce({{ passes_filters('arrivals_of_unit') }}, false) as passes_filters
        from arrivals_of_unit
        left join {{ ref('dim_stages') }} as came_from
            on
                arrivals_of_unit.track = came_from.track
                and arrivals_of_unit.entered_from_stage = came_from.stage
        where arrivals_of_unit.entered_at is not null

    )
{%- endmacro %}

{% macro arrives_at(arrival, which) -%}
    {#- Whether an arrival is one in the entered or reached stage of a pair, or beyond; off the way only the stage itself. -#}
    case
        when pairs.{{ which }}_order = 0 then {{ arrival }}.stage = pairs.{{ which }}_stage
        when is_strict then {{ arrival }}.stage_order = pairs.{{ which }}_order
        else {{ arrival }}.stage_order >= pairs.{{ which }}_order
    end
{%- endmacro %}

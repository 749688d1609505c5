{% macro standing_at(moment, precision) -%}
    {#- Where a milestone stands in time: what is known only by its day stands at the end of that local day. -#}
    case
        when {{ precision }} = 'day' then {{ end_of_day('cast(' ~ moment ~ ' as date)') }}
        else {{ moment }}
    end
{%- endmacro %}

{% macro touched_until(moment, precision) -%}
    {#- The last moment at which a touch can have led to it: clocks of two systems differ, a day's last touch is of that day. -#}
    case
        when {{ precision }} = 'day' then {{ add_seconds(end_of_day('cast(' ~ moment ~ ' as date)'), -0.000001) }}
        else {{ add_minutes(moment, setting('touch_grace_minutes', 'int')) }}
    end
{%- endmacro %}

{% macro scope_rank(touch_scope) -%}
    {#- How far from the deal's own person touches may be: the wider scope holds the narrower ones. -#}
    case {{ touch_scope }} when 'primary' then 1 when 'contacts' then 2 when 'account' then 3 end
{%- endmacro %}

{% macro days_before(moment, days) -%}
    {{ add_seconds(moment, '-86400.0 * ' ~ days) }}
{%- endmacro %}

{% macro headline_look_back_days(conversion_type) -%}
    {#- How far back the headline window of a type of conversion reaches, as a scalar subquery. -#}
    (
        select max(windows.look_back_days)
        from {{ ref('attribution_windows') }} as windows
        where windows.is_headline and windows.conversion_type = '{{ conversion_type }}'
    )
{%- endmacro %}

{% macro credits_of(columns) -%}
    {#- One row per journey, model and touch with credit, or without one where nobody gets any, with columns of
        fct_journey_touches and fct_stretch_credits. -#}
    select
        {{ columns | join(',\n        ') }},
        stretch_credits.credit
    from {{ ref('fct_journey_touches') }} as touches
    inner join {{ ref('fct_stretch_credits') }} as stretch_credits on touches.stretch = stretch_credits.stretch
    where stretch_credits.half_life_days is null
    union all
    -- Of what fades, each touch gets as much more as is left of it than of the others on average.
    select
        {{ columns | join(',\n        ') }},
        stretch_credits.credit
        * {{ share_left('stretch_credits.half_life_days', 'touches.age_days') }} / fading.mean_share_left as credit
    from {{ ref('fct_journey_touches') }} as touches
    inner join {{ ref('fct_stretch_credits') }} as stretch_credits on touches.stretch = stretch_credits.stretch
    inner join {{ ref('fct_journey_fading') }} as fading
        on
            touches.journey_order = fading.journey_order
            and stretch_credits.attribution_model = fading.attribution_model
    where stretch_credits.half_life_days is not null
{%- endmacro %}

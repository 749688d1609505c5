{#- What every table macro of the marts has in common: parameters for a period and the five filters. -#}

{% macro filter_parameters(others={}) -%}
    {#- The parameters and their defaults, in SQL, after `others`; an unset list filters nothing. -#}
    {%- set parameters = {} -%}
    {%- do parameters.update(others) -%}
    {%- do parameters.update({
        'group_by': "'all'", 'from_date': 'cast(null as date)', 'to_date': 'cast(null as date)'
    }) -%}
    {%- for name in ['channels', 'campaign_ids', 'personas', 'segments', 'products'] -%}
        {%- do parameters.update({name: 'cast(null as varchar[])'}) -%}
    {%- endfor -%}
    {{- return(parameters) -}}
{%- endmacro %}

{% macro pass_filters_on() -%}
    {#- The arguments with which a table macro hands its own period and filters to another. -#}
    from_date := from_date,
    to_date := to_date,
    channels := channels,
    campaign_ids := campaign_ids,
    personas := personas,
    segments := segments,
    products := products
{%- endmacro %}

{% macro passes_filters(relation) -%}
    {#- Whether a row passes the five filters; a campaign includes its children. -#}
    (channels is null or list_contains(channels, {{ relation }}.channel))
    and (campaign_ids is null or {{ relation }}.campaign_id in (
        select dim_campaigns.campaign_id from {{ ref('dim_campaigns') }} as dim_campaigns
        where
            list_contains(campaign_ids, dim_campaigns.campaign_id)
            or list_contains(campaign_ids, dim_campaigns.parent_campaign_id)
    ))
    and (personas is null or list_contains(personas, {{ relation }}.persona))
    and (segments is null or list_contains(segments, {{ relation }}.segment))
    and (products is null or list_contains(products, {{ relation }}.product))
{%- endmacro %}

{% macro is_in_period(local_day) -%}
    {#- Whether a local day lies in the period, both ends included. -#}
    (from_date is null or {{ local_day }} >= from_date) and (to_date is null or {{ local_day }} <= to_date)
{%- endmacro %}

{% macro dimension_value(relation, others={}) -%}
    {#- The value by which a row is grouped. `others`: dimensions beyond the five filters, and their SQL. -#}
    {%- set columns = {
        'channel': relation ~ '.channel', 'campaign': relation ~ '.campaign_id', 'persona': relation ~ '.persona',
        'segment': relation ~ '.segment', 'product': relation ~ '.product',
    } -%}
    {%- do columns.update(others) -%}
    case group_by
        when 'all' then 'all'
        {%- for name, column in columns.items() %}
        when '{{ name }}' then coalesce(cast({{ column }} as varchar), '(none)')
        {%- endfor %}
        else error('group_by is one of all, {{ columns | join(', ') }}')
    end
{%- endmacro %}

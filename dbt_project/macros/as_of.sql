{% macro as_of() %}
    {#- The moment the warehouse shows, naive UTC: FUNNELHOUSE_AS_OF, else when this run began. -#}
    {{- moment(env_var('FUNNELHOUSE_AS_OF', '')) -}}
{%- endmacro %}

{% macro known_at() %}
    {#-
        What was learnt later is not known. That is the moment the warehouse shows, but where a past month is held against
        what was published of it: then what happened since and what was learnt since are told apart.
    -#}
    {{- moment(env_var('FUNNELHOUSE_KNOWN_AT', '') or env_var('FUNNELHOUSE_AS_OF', '')) -}}
{%- endmacro %}

{% macro moment(given) %}
    {%- set utc = modules.pytz.utc -%}
    {%- if given -%}
        {%- set utc_moment = modules.datetime.datetime.fromisoformat(given) -%}
        {%- set utc_moment = utc_moment.astimezone(utc) if utc_moment.tzinfo else utc_moment -%}
    {%- else -%}
        {%- set utc_moment = run_started_at.astimezone(utc) -%}
    {%- endif -%}
    cast('{{ utc_moment.strftime('%Y-%m-%d %H:%M:%S.%f') }}' as timestamp)
{%- endmacro %}

{% macro as_of() %}
    {#- The moment the warehouse shows, naive UTC: FUNNELHOUSE_AS_OF, else when this run began. -#}
    {%- set given = env_var('FUNNELHOUSE_AS_OF', '') -%}
    {%- set utc = modules.pytz.utc -%}
    {%- if given -%}
        {%- set moment = modules.datetime.datetime.fromisoformat(given) -%}
        {%- set moment = moment.astimezone(utc) if moment.tzinfo else moment -%}
    {%- else -%}
        {%- set moment = run_started_at.astimezone(utc) -%}
    {%- endif -%}
    cast('{{ moment.strftime('%Y-%m-%d %H:%M:%S.%f') }}' as timestamp)
{%- endmacro %}

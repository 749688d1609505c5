{% macro mapped_field(source_name, object, column, data_type='string', relation=none) %}
    {#-
        The field of a source's object that holds a column of ours, by the playbook's field_mappings; a typed null where
        no field does. dbt cannot read a seed while it compiles, so the mappings come through the environment.
    -#}
    {%- set mappings = fromjson(env_var('FUNNELHOUSE_FIELD_MAPPINGS', '{}')) -%}
    {%- set field = mappings.get(source_name, {}).get(object, {}).get(column) -%}
    {%- if field is none -%}
        cast(null as {{ data_type }})
    {%- else -%}
        {%- set value = (relation ~ '.' if relation else '') ~ adapter.quote(field) -%}
        {%- set text = "nullif(trim(cast(" ~ value ~ " as string)), '')" -%}
        {{ text if data_type == 'string' else try_cast(text, data_type) }}
    {%- endif -%}
{% endmacro %}

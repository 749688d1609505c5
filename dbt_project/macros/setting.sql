{% macro setting(name, data_type='string') %}
    {#- A setting of the playbook, as a scalar subquery. -#}
    (select cast(max(settings.value) as {{ data_type }}) from {{ ref('settings') }} as settings where settings.setting = '{{ name }}')
{%- endmacro %}

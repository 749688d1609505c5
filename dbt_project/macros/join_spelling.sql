{% macro join_spelling(entity, column, relation) -%}
    {#- Joins, as `<column>_spellings`, the value that the playbook says this spelling means. -#}
    left join {{ ref('value_mappings') }} as {{ column }}_spellings
        on
            {{ column }}_spellings.entity = '{{ entity }}'
            and {{ column }}_spellings.column_name = '{{ column }}'
            and {{ column }}_spellings.source_value = {{ relation }}.{{ column }}
{%- endmacro %}

{% macro join_attribute_at(attribute, entity, entity_id, moment) -%}
    {#- Joins, as `<attribute>_then`, the value that an attribute had at a moment; none where it has no history. -#}
    left join {{ ref('int_attributes_dated') }} as {{ attribute }}_then
        on
            {{ attribute }}_then.entity = '{{ entity }}'
            and {{ attribute }}_then.attribute = '{{ attribute }}'
            and {{ attribute }}_then.entity_id = {{ entity_id }}
            and {{ moment }} >= {{ attribute }}_then.valid_from
            and {{ moment }} < {{ attribute }}_then.valid_to
{%- endmacro %}

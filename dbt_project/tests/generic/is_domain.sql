{% test is_domain(model, column_name) %}

-- Fails if it cannot be what stands behind the @ of an address, in lower case.
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} != lower({{ column_name }})
    or {{ column_name }} not like '%_._%'
    or {{ column_name }} like 'www.%'
    or {{ column_name }} like '%.'
    {%- for sign in '@/ ,;*' %}
    or {{ column_name }} like '%{{ sign }}%'
    {%- endfor %}

{% endtest %}

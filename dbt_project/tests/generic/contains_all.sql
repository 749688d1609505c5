{% test contains_all(model, column, values) %}

-- Fails if one of these values stands in no row.
with expected as (

    {% for value in values %}
    select '{{ value }}' as expected_value {{ 'union all' if not loop.last }}
    {% endfor %}

)

select expected_value
from expected
where expected_value not in (select {{ column }} from {{ model }})

{% endtest %}

{% test accepted_range(model, column_name, min_value, max_value) %}

-- Fails if a value lies outside the range, whose ends belong to it; an empty one passes.
select {{ column_name }}
from {{ model }}
where {{ column_name }} not between {{ min_value }} and {{ max_value }}

{% endtest %}

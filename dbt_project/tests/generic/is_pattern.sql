{% test is_pattern(model, column_name) %}

-- Fails if the pattern cannot be used: matching with it must give an answer, not null.
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and {{ matches_pattern("'probe'", column_name) }} is null

{% endtest %}

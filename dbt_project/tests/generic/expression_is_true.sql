{% test expression_is_true(model, expression) %}

-- Fails if the expression is false for a row; a row for which it is null passes.
select *
from {{ model }}
where not ({{ expression }})

{% endtest %}

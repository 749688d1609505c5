{% test known_combination(model, columns, to) %}

-- Fails if a combination of these columns is not in the other table.
select
    {{ columns | join(', ') }}
from {{ model }}
except
select
    {{ columns | join(', ') }}
from {{ to }}

{% endtest %}

{% test known_combination(model, columns, to) %}

-- Fails if a combination of these columns is not in the other table; one with an empty column says nothing.
select
    {{ columns | join(', ') }}
from {{ model }}
where {{ columns | join(' is not null and ') }} is not null
except
select
    {{ columns | join(', ') }}
from {{ to }}

{% endtest %}

{% test not_empty(model) %}

-- Fails if there is no row at all.
select counted.row_count
from (select count(*) as row_count from {{ model }}) as counted
where counted.row_count = 0

{% endtest %}

{% test same_row_count(model, to, only_where='true') %}

-- Fails if rows were lost or invented on the way from the other table.
with counted as (

    select
        (select count(*) from {{ model }}) as row_count,
        (select count(*) from {{ to }} where {{ only_where }}) as expected_count

)

select *
from counted
where row_count != expected_count

{% endtest %}

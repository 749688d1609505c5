{% test no_validity_overlap(model, columns) %}

-- Fails if two versions of one rule hold on the same day; validity is [valid_from, valid_to).
with versions as (

    select
        *,
        lead(coalesce(valid_from, date '0001-01-01')) over (
            partition by {{ columns | join(', ') }} order by valid_from nulls first
        ) as next_valid_from
    from {{ model }}

)

select *
from versions
where
    next_valid_from < coalesce(valid_to, date '9999-12-31')
    or valid_to <= valid_from

{% endtest %}

{% test known_stage(model, column_name, track) %}

-- Fails if a stage is not one of this track's in the playbook.
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and {{ column_name }} not in (
        select stage from {{ ref('lifecycle_stages') }} where track = '{{ track }}'
    )

{% endtest %}

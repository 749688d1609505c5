{%- set kinds = [('emails', 'email'), ('forms', 'form'), ('landing_pages', 'page')] -%}

with {% for table, kind in kinds -%}
{{ table }} as (

    {{ latest_versions('raw_marketo', table, ['id']) }}

),

{% endfor -%}
renamed as (
    {% for table, kind in kinds %}
    select
        'marketo:{{ kind }}:' || cast(id as string) as content_id,
        name as content_name,
        '{{ kind }}' as content_type,
        cast(null as string) as topic,
        cast(null as string) as funnel_phase,
        'marketo' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from {{ table }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from renamed

{%- set attributes = fit_attributes() -%}
{%- set fields = [] -%}
{%- for entity, columns in attributes.items() -%}
{%- for column in columns -%}{%- do fields.append((entity, column)) -%}{%- endfor -%}
{%- endfor -%}

with leads as (

    select leads.*
    from {{ ref('leads') }} as leads
    inner join {{ ref('int_leads_described') }} as described on leads.lead_id = described.lead_id
    where not described.is_internal

),

accounts as (

    select * from {{ ref('accounts') }}
    where not is_deleted

),

users as (

    select * from {{ ref('users') }}
    where not is_deleted

),

fields_asked as (

    select distinct rules.signal as field
    from {{ ref('scoring_rules') }} as rules
    inner join {{ ref('scoring_groups') }} as scoring_groups
        on rules.score_version = scoring_groups.score_version and rules.rule_group = scoring_groups.rule_group
    where
        scoring_groups.dimension = 'fit'
        and rules.points != 0
        and rules.score_version = {{ setting('score_version', 'int') }}
        and {{ is_valid_on('rules', local_date(as_of())) }}

),

-- What is not text is a value wherever it is known; a text of blanks is none.
values_of_leads as (

    select
        leads.lead_id,
        {% for entity, column in fields -%}
        nullif(trim(cast({{ entity }}s.{{ column }} as string)), '') as {{ entity }}_{{ column }},
        {% endfor -%}
        coalesce(users.team, '(none)') as team
    from leads
    left join accounts on leads.account_id = accounts.account_id
    left join users on leads.owner_id = users.user_id

),

teams as (

    select *, team as owner_team from values_of_leads
    union all
    select *, '(all)' as owner_team from values_of_leads

),

filled as (

    {% for entity, column in fields -%}
    select
        '{{ entity }}.{{ column }}' as field,
        owner_team,
        count(*) as lead_count,
        count({{ entity }}_{{ column }}) as filled_count,
        count(distinct lower({{ entity }}_{{ column }})) as distinct_value_count
    from teams
    group by owner_team
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

judged as (

    select
        filled.field,
        filled.owner_team,
        filled.lead_count,
        filled.filled_count,
        filled.filled_count / cast(filled.lead_count as double) as fill_rate,
        filled.distinct_value_count,
        fields_asked.field is not null as is_icp_field,
        fields_asked.field is not null
        and filled.filled_count / cast(filled.lead_count as double) < {{ setting('icp_least_fill_rate', 'double') }}
            as is_badly_filled,
        fields_asked.field is not null and filled.distinct_value_count = 1 as has_one_value,
        fields_asked.field is null and filled.filled_count > 0 as is_unused
    from filled
    left join fields_asked on filled.field = fields_asked.field

)

select * from judged

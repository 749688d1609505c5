{#- Attributes that have no history, at their present value; those with one stand in int_attributes_dated. -#}
{%- set attributes = fit_attributes() -%}
with rules as (

    select
        rules.*,
        scoring_groups.dimension
    from {{ ref('scoring_rules') }} as rules
    inner join {{ ref('scoring_groups') }} as scoring_groups
        on
            rules.score_version = scoring_groups.score_version
            and rules.rule_group = scoring_groups.rule_group
    where scoring_groups.dimension = 'fit' and rules.points != 0

),

leads as (

    select
        leads.*,
        described.created_date,
        case when free_mail_domains.domain is not null then 'true' else 'false' end as has_free_mail
    from {{ ref('leads') }} as leads
    inner join {{ ref('int_leads_described') }} as described on leads.lead_id = described.lead_id
    left join {{ ref('free_mail_domains') }} as free_mail_domains on leads.email_domain = free_mail_domains.domain

),

accounts as (

    select * from {{ ref('accounts') }}
    where not is_deleted

),

signals_asked as (

    select distinct signal from rules

),

histories as (

    select
        case entity when 'leads' then 'lead.' else 'account.' end || attribute as signal,
        entity_id,
        value,
        valid_from,
        valid_to
    from {{ ref('int_attributes_dated') }}

),

histories_asked as (

    select histories.* from histories
    inner join signals_asked on histories.signal = signals_asked.signal

),

present_values as (

    {% for column in attributes.lead + ['has_free_mail'] -%}
    select 'lead.{{ column }}' as signal, lead_id as entity_id, cast({{ column }} as string) as value
    from leads
    where {{ column }} is not null and 'lead.{{ column }}' in (select signals_asked.signal from signals_asked)
    union all
    {% endfor -%}
    {%- for column in attributes.account -%}
    select 'account.{{ column }}' as signal, account_id as entity_id, cast({{ column }} as string) as value
    from accounts
    where {{ column }} is not null and 'account.{{ column }}' in (select signals_asked.signal from signals_asked)
    {%- if not loop.last %}
    union all
    {% endif -%}
    {% endfor %}

),

values_dated as (

    select
        signal,
        entity_id,
        value,
        {{ local_date('valid_from') }} as valid_from,
        {{ local_date('valid_to') }} as valid_to
    from histories_asked
    union all
    select
        present_values.signal,
        present_values.entity_id,
        present_values.value,
        date '0001-01-01' as valid_from,
        date '9999-12-31' as valid_to
    from present_values
    left join histories_asked
        on
            present_values.signal = histories_asked.signal
            and present_values.entity_id = histories_asked.entity_id
    where histories_asked.entity_id is null

),

values_seen as (

    select distinct signal, value from values_dated

),

values_judged as (

    select
        rules.score_version,
        rules.rule_group,
        rules.rule_id,
        rules.points,
        rules.valid_from,
        rules.valid_to,
        values_seen.signal,
        values_seen.value
    from rules
    inner join values_seen
        on
            rules.signal = values_seen.signal
            and {{ meets_condition('values_seen.value', 'rules') }}

),

entities as (

    select 'lead.' as kind, lead_id, lead_id as entity_id, created_date from leads
    union all
    select 'account.' as kind, lead_id, account_id as entity_id, created_date from leads
    where account_id is not null

),

fit_points as (

    select
        values_judged.score_version,
        entities.lead_id,
        values_judged.rule_group,
        values_judged.rule_id,
        values_judged.points,
        values_dated.signal,
        values_dated.value,
        greatest(
            values_dated.valid_from, entities.created_date, coalesce(values_judged.valid_from, entities.created_date)
        ) as valid_from,
        least(values_dated.valid_to, coalesce(values_judged.valid_to, date '9999-12-31')) as valid_to
    from values_dated
    inner join values_judged
        on
            values_dated.signal = values_judged.signal
            and values_dated.value = values_judged.value
    inner join entities
        on
            values_dated.entity_id = entities.entity_id
            and values_dated.signal like entities.kind || '%'

),

-- What changes back within a day has not changed at its end; what begins after `as_of` has not begun.
fit_points_held as (

    select * from fit_points
    where valid_from < valid_to and valid_from <= {{ local_date(as_of()) }}

)

select * from fit_points_held

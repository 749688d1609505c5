{{ config(materialized='table_macro', parameters={
    'per': "'all'", 'by_date_of': "'conversion'", 'by_month': 'false', 'cost_of': "'marketing'",
    'from_month': 'cast(null as date)', 'to_month': 'cast(null as date)',
}) }}

{%- set kinds = cost_kinds() -%}
{%- set conversion_types = ['lead', 'mql', 'sql', 'opportunity', 'won'] -%}
{%- set month = "case when by_month then month_start_date end as month_start_date" -%}
{%- set is_in_period -%}
(from_month is null or month_start_date >= from_month) and (to_month is null or month_start_date <= to_month)
{%- endset -%}
{%- set is_of_date -%}
date_basis = case
            when by_date_of in ('conversion', 'touch') then by_date_of
            else error('by_date_of is conversion or touch')
        end
{%- endset -%}

-- People count when they come as far for the first time, deals each time; of content only what was won.
with credits as (

    select
        attribution_model,
        conversion_type,
        {{ month }},
        case per
            when 'all' then 'all'
            when 'channel' then channel
            when 'campaign' then coalesce(campaign_id, '(none)')
            else error('per is one of all, channel, campaign, content')
        end as dimension_value,
        channel != 'unattributed' as is_attributed,
        credit,
        amount,
        margin_amount
    from {{ ref('fct_attribution_monthly') }}
    where
        per != 'content'
        and {{ is_of_date }}
        and {{ is_in_period }}
        and (conversion_type in ('opportunity', 'won') or not is_repeat)
    union all
    select
        attribution_model,
        'won' as conversion_type,
        {{ month }},
        content_id as dimension_value,
        content_id != 'unattributed' as is_attributed,
        credit,
        amount,
        margin_amount
    from {{ ref('fct_content_attribution_monthly') }}
    where
        per = 'content'
        and {{ is_of_date }}
        and {{ is_in_period }}

),

kinds_of_cost as (

    {% for kind in kinds -%}
    select '{{ kind }}' as cost_kind, {{ loop.index }} as kind_order
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- What nobody says of which channel, campaign or content it is has no value here.
costs as (

    {% for kind, condition in kinds.items() -%}
    select
        '{{ kind }}' as cost_kind,
        {{ month }},
        case per when 'all' then 'all' when 'channel' then channel when 'campaign' then campaign_id end
            as dimension_value,
        cost_amount
    from {{ ref('fct_costs') }}
    where
        {{ condition }}
        and {{ is_in_period }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

credited as (

    select
        attribution_model,
        month_start_date,
        dimension_value,
        {%- for type in conversion_types %}
        {{ exact_sum("case when conversion_type = '" ~ type ~ "' then credit end", 12) }} as {{ type }}_credit,
        {%- endfor %}
        {{ exact_sum("case when conversion_type = 'opportunity' then amount end", 9) }} as pipeline_amount,
        {{ exact_sum("case when conversion_type = 'won' then amount end", 9) }} as won_amount,
        {{ exact_sum("case when conversion_type = 'won' then margin_amount end", 9) }} as margin_amount,
        count(*) filter (where conversion_type = 'won' and margin_amount is null) > 0 as is_margin_unknown
    from credits
    where is_attributed
    group by attribution_model, month_start_date, dimension_value

),

covered as (

    select
        attribution_model,
        month_start_date,
        {{ exact_sum('case when is_attributed then amount end', 9) }} / nullif({{ exact_sum('amount', 9) }}, 0)
            as coverage_rate
    from credits
    where conversion_type = 'won'
    group by attribution_model, month_start_date

),

-- Each cost once, before it meets the models; what is partly unknown is unknown.
spent as (

    select
        cost_kind,
        month_start_date,
        dimension_value,
        case when count(*) = count(cost_amount) then {{ exact_sum('cost_amount', 9) }} end as cost_amount
    from costs
    group by cost_kind, month_start_date, dimension_value

),

-- A cost that belongs to no channel makes what each of them cost in all unknown.
known_costs as (

    select cost_kind, month_start_date, count(*) = count(dimension_value) as is_split
    from spent
    group by cost_kind, month_start_date

),

models as (

    select distinct attribution_model from {{ ref('fct_attribution_monthly') }}

),

cells as (

    select attribution_model, month_start_date, dimension_value from credited
    union
    select models.attribution_model, spent.month_start_date, spent.dimension_value
    from spent
    cross join models
    where spent.dimension_value is not null

),

costs_of_cells as (

    select
        cells.*,
        kinds_of_cost.cost_kind,
        kinds_of_cost.kind_order,
        case when known_costs.is_split then case when spent.cost_kind is null then 0 else spent.cost_amount end end
            as cost_amount,
        kinds_of_cost.cost_kind || '_cost' as measure,
        known_costs.is_split,
        spent.cost_kind is not null and spent.cost_amount is null as is_partly_unknown
    from cells
    cross join kinds_of_cost
    left join known_costs
        on
            kinds_of_cost.cost_kind = known_costs.cost_kind
            and cells.month_start_date is not distinct from known_costs.month_start_date
    left join spent
        on
            kinds_of_cost.cost_kind = spent.cost_kind
            and cells.dimension_value = spent.dimension_value
            and cells.month_start_date is not distinct from spent.month_start_date

),

judged as (

    select
        *,
        case
            when is_split is null then measure || ' is not known of this ' || if(by_month, 'month', 'period')
            when not is_split then measure || ' is not split by ' || per
            when is_partly_unknown then 'part of ' || measure || ' is unknown'
            when cost_amount = 0 then measure || ' is 0'
        end as reason
    from costs_of_cells

),

costs_side_by_side as (

    select
        attribution_model,
        month_start_date,
        dimension_value,
        {%- for kind in kinds %}
        max(cost_amount) filter (where cost_kind = '{{ kind }}') as {{ kind }}_cost_amount,
        {%- endfor %}
        max(cost_amount) filter (where cost_kind = cost_of) as cost_amount,
        string_agg(reason, '; ' order by kind_order) filter (
            where cost_kind in ('total', 'marketing', 'media', cost_of)
        ) as reasons
    from judged
    group by attribution_model, month_start_date, dimension_value

),

side_by_side as (

    select
        costs_side_by_side.*,
        {%- for type in conversion_types %}
        {%- set credit = "coalesce(credited." ~ type ~ "_credit, 0)" %}
        {{ credit if type == 'won' else "case when per != 'content' then " ~ credit ~ " end" }} as {{ type }}_credit,
        {%- endfor %}
        case when per != 'content' then coalesce(credited.pipeline_amount, 0) end as pipeline_amount,
        coalesce(credited.won_amount, 0) as won_amount,
        case when not coalesce(credited.is_margin_unknown, false) then coalesce(credited.margin_amount, 0) end
            as margin_amount,
        case when by_date_of = 'conversion' then covered.coverage_rate end as coverage_rate
    from costs_side_by_side
    left join credited
        on
            costs_side_by_side.attribution_model = credited.attribution_model
            and costs_side_by_side.dimension_value = credited.dimension_value
            and costs_side_by_side.month_start_date is not distinct from credited.month_start_date
    left join covered
        on
            costs_side_by_side.attribution_model = covered.attribution_model
            and costs_side_by_side.month_start_date is not distinct from covered.month_start_date

)

select
    dimension_value,
    month_start_date,
    month_start_date = (
        select date_trunc('month', dim_build.as_of_date)::date from {{ ref('dim_build') }} as dim_build
    ) as is_partial_period,
    attribution_model,
    {%- for type in conversion_types %}
    {{ type }}_credit,
    {%- endfor %}
    pipeline_amount,
    won_amount,
    margin_amount,
    coverage_rate,
    {%- for kind in kinds %}
    {{ kind }}_cost_amount,
    {%- endfor %}
    {%- for type in conversion_types %}
    cost_amount / nullif({{ type }}_credit, 0) as cost_per_{{ 'won_deal' if type == 'won' else type }},
    {%- endfor %}
    (margin_amount - total_cost_amount) / nullif(total_cost_amount, 0) as roi,
    (margin_amount - marketing_cost_amount) / nullif(marketing_cost_amount, 0) as romi,
    won_amount / nullif(media_cost_amount, 0) as roas,
    nullif(
        concat_ws('; ', reasons, case when margin_amount is null then 'part of the margin is unknown' end), ''
    ) as null_reason
from side_by_side
where
    case
        when cost_of in (select kinds_of_cost.cost_kind from kinds_of_cost) then true
        else error('cost_of is one of {{ kinds | join(', ') }}')
    end
order by dimension_value, month_start_date, attribution_model

-- Fails if the credits of Markov or Shapley do not add up to the conversions that have a touch.
{{ config(meta={'dagster': {'ref': {'name': 'fct_channel_attribution'}}}) }}

select conversion_type, attribution_model, sum(credit) as credit, max(converted_count) as converted_count
from {{ ref('fct_channel_attribution') }}
where refusal is null
group by conversion_type, attribution_model
having abs(sum(credit) - max(converted_count)) > 1e-6

{#- How well a score tells those who reached something from those who did not, in plain SQL. -#}

{% macro comparable_score(score) -%}
    {#- Sums of the same parts in another order differ in their last digits; such scores are equal. -#}
    round({{ score }}, 9)
{%- endmacro %}

{% macro three_digits(number) -%}
    {#-
        A number to three significant digits: enough to compare how numbers are spread, and few enough values to compare each
        month with twelve others.
    -#}
    case
        when {{ number }} = 0 then 0.0
        else
            round({{ number }} * pow(10.0, 2 - floor(log10(abs({{ number }})))))
            / pow(10.0, 2 - floor(log10(abs({{ number }}))))
    end
{%- endmacro %}

{% macro next_month_start(month_start_date) -%}
    {{ month_start(add_days(month_start_date, 32)) }}
{%- endmacro %}

{% macro month_number(day) -%}
    {#- Consecutive months have consecutive numbers. -#}
    (extract(year from {{ day }}) * 12 + extract(month from {{ day }}))
{%- endmacro %}

{% macro ranking_quality(graded, keys) -%}
    {#-
        The CTEs that end in `ranking_measured`, one row per key, from a relation with `score` and `is_reached`, neither null:
        lead_count, reached_count; auc, the share of pairs of one that reached it and one that did not in which the first
        has the higher score, ties counting half (Mann and Whitney 1947); pr_auc, average precision, the sum over the
        distinct scores of the recall gained there times the precision from there up. Both are null where nobody or
        everybody reached it.
    -#}
    {%- set key_list = keys | join(', ') -%}
    {%- set from_the_top -%}
        (partition by {{ key_list }} order by score desc rows between unbounded preceding and current row)
    {%- endset -%}
    scores_counted as (

        select
            {{ key_list }},
            score,
            count(*) as lead_count,
            count(case when is_reached then 1 end) as reached_count
        from {{ graded }}
        group by {{ key_list }}, score

    ),

    scores_ranked as (

        select
            *,
            sum(lead_count) over {{ from_the_top }} as lead_count_so_far,
            sum(reached_count) over {{ from_the_top }} as reached_count_so_far
        from scores_counted

    ),

    -- Pairs are counted twice, so that half a tie is a whole number.
    ranking_counted as (

        select
            {{ key_list }},
            cast(sum(lead_count) as bigint) as lead_count,
            cast(sum(reached_count) as bigint) as reached_count,
            cast(
                sum((lead_count - reached_count) * (2 * reached_count_so_far - reached_count)) as double
            ) as double_pair_count,
            {{ exact_sum(
                'reached_count * reached_count_so_far / cast(lead_count_so_far as double)', 12
            ) }} as precision_sum
        from scores_ranked
        group by {{ key_list }}

    ),

    ranking_measured as (

        select
            {{ key_list }},
            lead_count,
            reached_count,
            double_pair_count
            / nullif(2.0 * cast(reached_count as double) * (lead_count - reached_count), 0.0) as auc,
            case
                when reached_count < lead_count then precision_sum / nullif(cast(reached_count as double), 0.0)
            end as pr_auc
        from ranking_counted

    )
{%- endmacro %}

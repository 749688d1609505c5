{#-
    Survival estimates in plain SQL, from a relation of stays with `duration_days` and `exit_class` (null while the stay
    lasts: it is censored, never dropped). `keys`: the columns by which curves are told apart; none may be null.
-#}

{% macro kaplan_meier(stays, keys) -%}
    {#-
        The CTEs that end in `curve`, one row per key and duration at which a stay ended or was last seen, with the duration
        before it: at_risk_count, exited_count, censored_count, survival (the share that stays longer, product-limit estimator of Kaplan and Meier
        1958), survival_before, and greenwood_sum (the sum of d / (n (n - d)), Greenwood 1926).
    -#}
    {%- set key_list = keys | join(', ') -%}
    {%- set so_far -%}
        (partition by curve_number order by duration_days rows between unbounded preceding and current row)
    {%- endset -%}
    -- A million durations are told apart and put in order by a number in two thirds of the time that their keys take.
    curves_numbered as (

        select *, row_number() over (order by {{ key_list }}) as curve_number
        from (select distinct {{ key_list }} from {{ stays }}) as curves_found

    ),

    durations_counted as (

        select
            curves_numbered.curve_number,
            stays.duration_days,
            count(stays.exit_class) as exited_count,
            count(*) - count(stays.exit_class) as censored_count
        from {{ stays }} as stays
        inner join curves_numbered
            on {% for key in keys %}stays.{{ key }} = curves_numbered.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
        group by curves_numbered.curve_number, stays.duration_days

    ),

    -- At risk is who stays as long or longer.
    durations_at_risk as (

        select
            *,
            cast(sum(exited_count + censored_count) over (
                partition by curve_number order by duration_days desc
                rows between unbounded preceding and current row
            ) as bigint) as at_risk_count
        from durations_counted

    ),

    -- All of those at risk can leave only at the last duration: what stays of them is multiplied up to the one before.
    durations_survived as (

        select
            *,
            lag(duration_days, 1, 0.0) over {{ so_far }} as duration_before_days,
            coalesce(
                {{ product(
                    'case when at_risk_count > exited_count'
                    ~ ' then 1.0 - exited_count / cast(at_risk_count as double) end'
                ) }} over {{ so_far }},
                1.0
            ) as surviving_product,
            sum(
                case
                    when at_risk_count > exited_count
                        then exited_count / (cast(at_risk_count as double) * (at_risk_count - exited_count))
                    else 0.0
                end
            ) over {{ so_far }} as greenwood_sum
        from durations_at_risk

    ),

    curve as (

        select
            {% for key in keys %}curves_numbered.{{ key }},
            {% endfor %}durations_survived.duration_days,
            durations_survived.duration_before_days,
            durations_survived.exited_count,
            durations_survived.censored_count,
            durations_survived.at_risk_count,
            durations_survived.greenwood_sum,
            case
                when durations_survived.at_risk_count > durations_survived.exited_count
                    then durations_survived.surviving_product
                else 0.0
            end as survival,
            case
                when durations_survived.at_risk_count > durations_survived.exited_count
                    then
                        durations_survived.surviving_product
                        / (1.0 - durations_survived.exited_count / cast(durations_survived.at_risk_count as double))
                else durations_survived.surviving_product
            end as survival_before
        from durations_survived
        inner join curves_numbered on durations_survived.curve_number = curves_numbered.curve_number

    )
{%- endmacro %}

{% macro survival_bound(side) -%}
    {#-
        The 95 % bound of a point of `curve`, lower or upper, on the scale of log(-log S), which keeps it between 0 and 1
        (Kalbfleisch and Prentice 1980, "exponential Greenwood").
    -#}
    case
        when survival <= 0 then 0.0
        when greenwood_sum = 0 then 1.0
        else exp(-exp(
            ln(-ln(survival)) {{ '+' if side == 'lower' else '-' }} {{ normal_quantile() }} * sqrt(greenwood_sum) / -ln(survival)
        ))
    end
{%- endmacro %}

{% macro first_duration_below(curve, share) -%}
    {#-
        The duration by which all but this share have left: a quantile, null where the curve stays above. A share that is
        met exactly may be missed by rounding.
    -#}
    min(case when {{ curve }} <= {{ share }} + 1e-12 then duration_days end)
{%- endmacro %}

{% macro aalen_johansen(stays, keys) -%}
    {#-
        The CTEs that end in `incidence_curves`, one row per key, exit class and duration at which any stay ended: the share
        that has left by this class until then, while other classes compete (Aalen and Johansen 1978), and its variance by
        the delta method (Dinse and Larson 1986; Collett 2015, p. 411). One minus a Kaplan–Meier curve per class would
        overstate it. Begins with the CTEs of `kaplan_meier`.
    -#}
    {%- set key_list = keys | join(', ') -%}
    {%- set by_class -%}
        (
            partition by {{ key_list }}, exit_class order by duration_days
            rows between unbounded preceding and current row
        )
    {%- endset -%}
    {{ kaplan_meier(stays, keys) }},

    exits_counted as (

        select {{ key_list }}, exit_class, duration_days, count(*) as class_count
        from {{ stays }}
        where exit_class is not null
        group by {{ key_list }}, exit_class, duration_days

    ),

    classes as (

        select {{ key_list }}, exit_class
        from exits_counted
        group by {{ key_list }}, exit_class

    ),

    classes_through_time as (

        select
            {% for key in keys %}curve.{{ key }},
            {% endfor %}classes.exit_class,
            curve.duration_days,
            cast(curve.at_risk_count as double) as at_risk,
            curve.survival,
            curve.survival_before,
            curve.at_risk_count,
            curve.exited_count,
            coalesce(exits_counted.class_count, 0) as class_count
        from curve
        inner join classes
            on {% for key in keys %}curve.{{ key }} = classes.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
        left join exits_counted
            on
                {% for key in keys %}curve.{{ key }} = exits_counted.{{ key }}
                and {% endfor %}classes.exit_class = exits_counted.exit_class
                and curve.duration_days = exits_counted.duration_days
        where curve.exited_count > 0

    ),

    classes_accumulated as (

        select
            *,
            sum(survival_before * class_count / at_risk) over {{ by_class }} as incidence,
            case
                when at_risk_count > exited_count then exited_count / (at_risk * (at_risk - exited_count))
                else 0.0
            end as greenwood_term,
            survival_before * class_count / (at_risk * at_risk) as class_term
        from classes_through_time

    ),

    incidence_curves as (

        select
            {{ key_list }},
            exit_class,
            duration_days,
            at_risk_count,
            class_count,
            survival,
            incidence,
            incidence * incidence * sum(greenwood_term) over {{ by_class }}
            - 2 * incidence * sum(incidence * greenwood_term) over {{ by_class }}
            + sum(incidence * incidence * greenwood_term) over {{ by_class }}
            + sum(survival_before * class_term * (at_risk - class_count) / at_risk) over {{ by_class }}
            - 2 * incidence * sum(class_term) over {{ by_class }}
            + 2 * sum(incidence * class_term) over {{ by_class }} as incidence_variance
        from classes_accumulated

    )
{%- endmacro %}

{% macro incidence_bound(side) -%}
    {#- The 95 % bound of a point of `incidence_curves`, on the scale of log(-log F); null where F is 0 or 1. -#}
    case
        when incidence > 0 and incidence < 1
            then
                exp(-exp(
                    ln(-ln(incidence))
                    {{ '+' if side == 'lower' else '-' }} {{ normal_quantile() }} * sqrt(greatest(incidence_variance, 0))
                    / (incidence * -ln(incidence))
                ))
    end
{%- endmacro %}

with proposed as (

    select
        cast(score_version as int) as score_version,
        rule_id,
        points,
        proposed_points,
        log_odds,
        lead_count,
        reached_count,
        backtest_auc,
        proposed_backtest_auc,
        backtest_lead_count,
        cast(refusal as string) as refusal
    from {{ ref('int_points_proposed') }}

)

select * from proposed

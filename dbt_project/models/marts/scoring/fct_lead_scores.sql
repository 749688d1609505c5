with changes as (

    select * from {{ ref('fct_lead_score_changes') }}
    where next_changed_date is null

),

versions as (

    select distinct score_version from {{ ref('scoring_groups') }}

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

grades as (

    select * from {{ ref('score_grades') }}

),

quadrants as (

    select * from {{ ref('score_quadrants') }}

),

-- Whoever has an opportunity or is out has no chance that could be learned.
learned as (

    select
        lead_id,
        max(case when outcome = 'opportunity' then probability end) as learned_probability,
        max(case when outcome = 'won' then probability end) as learned_won_probability,
        max(case when outcome = 'opportunity' then fitted_on end) as learned_fitted_on
    from {{ ref('int_learned_scores') }}
    where split = 'none'
    group by lead_id

),

scores as (

    select
        score_version,
        lead_id,
        {{ score_sum(group_score_on('changes', local_date(as_of()), 'fit')) }} as fit_score,
        {{ score_sum(group_score_on('changes', local_date(as_of()), 'intent')) }} as intent_score,
        max(changed_date) as last_changed_date
    from changes
    group by score_version, lead_id

),

scored as (

    select
        versions.score_version,
        leads.lead_id,
        leads.account_id,
        coalesce(scores.fit_score, 0.0) as fit_score,
        coalesce(scores.intent_score, 0.0) as intent_score,
        scores.last_changed_date,
        leads.channel,
        leads.campaign_id,
        leads.persona,
        leads.segment,
        leads.product
    from leads
    cross join versions
    left join scores
        on
            leads.lead_id = scores.lead_id
            and versions.score_version = scores.score_version

),

segments as (

    select distinct coalesce(segment, '') as segment from leads

),

-- What a segment has of its own goes before what holds for all.
grades_of_segments as (

    select
        segments.segment,
        grades.score_version,
        grades.dimension,
        grades.grade,
        grades.least_score,
        grades.is_high,
        row_number() over (
            partition by segments.segment, grades.score_version, grades.dimension, grades.grade
            order by case when grades.segment is null then 1 else 0 end, grades.segment
        ) as grade_rank
    from segments
    inner join grades on grades.segment is null or {{ matches_pattern('segments.segment', 'grades.segment') }}

),

grades_reached as (

    select
        scored.score_version,
        scored.lead_id,
        grades_of_segments.dimension,
        grades_of_segments.grade,
        grades_of_segments.is_high,
        row_number() over (
            partition by scored.score_version, scored.lead_id, grades_of_segments.dimension
            order by grades_of_segments.least_score desc nulls last, grades_of_segments.grade asc
        ) as grade_rank
    from scored
    inner join grades_of_segments
        on
            scored.score_version = grades_of_segments.score_version
            and coalesce(scored.segment, '') = grades_of_segments.segment
            and grades_of_segments.grade_rank = 1
            and (
                grades_of_segments.least_score is null
                or case grades_of_segments.dimension when 'fit' then scored.fit_score else scored.intent_score end
                >= grades_of_segments.least_score
            )

),

graded as (

    select
        score_version,
        lead_id,
        max(case when dimension = 'fit' then grade end) as fit_grade,
        max(case when dimension = 'intent' then grade end) as intent_grade,
        max(case when dimension = 'fit' and is_high then 1 else 0 end) = 1 as is_good_fit,
        max(case when dimension = 'intent' and is_high then 1 else 0 end) = 1 as is_high_intent
    from grades_reached
    where grade_rank = 1
    group by score_version, lead_id

),

described as (

    select
        scored.score_version,
        scored.score_version = {{ setting('score_version', 'int') }} as is_in_force,
        scored.lead_id,
        scored.account_id,
        scored.fit_score,
        scored.intent_score,
        least(greatest(scored.fit_score + scored.intent_score, 0.0), 100.0) as total_score,
        graded.fit_grade,
        graded.intent_grade,
        graded.fit_grade || graded.intent_grade as grade,
        graded.is_good_fit,
        graded.is_high_intent,
        quadrants.quadrant,
        quadrants.recommended_action,
        learned.learned_probability,
        learned.learned_won_probability,
        learned.learned_fitted_on,
        scored.last_changed_date,
        scored.channel,
        scored.campaign_id,
        scored.persona,
        scored.segment,
        scored.product
    from scored
    left join graded
        on
            scored.score_version = graded.score_version
            and scored.lead_id = graded.lead_id
    left join learned on scored.lead_id = learned.lead_id
    left join quadrants
        on
            graded.is_good_fit = quadrants.is_good_fit
            and graded.is_high_intent = quadrants.is_high_intent

)

select * from described

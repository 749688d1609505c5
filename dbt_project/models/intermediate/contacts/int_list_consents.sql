with leads as (

    select lead_id, country
    from {{ ref('int_leads_described') }}

),

rules as (

    select * from {{ ref('consent_rules') }}

),

-- What each purpose stands at; of a yes and a no of one moment the no holds.
consents_ranked as (

    select
        lead_id,
        purpose,
        status,
        changed_at,
        row_number() over (partition by lead_id, purpose order by changed_at desc, status desc) as newest_first
    from {{ ref('consents') }}
    where not is_deleted

),

consents_standing as (

    select * from consents_ranked
    where newest_first = 1

),

purposes as (

    select distinct purpose from consents_standing

),

purposes_known as (

    select
        rules.priority,
        purposes.purpose
    from purposes
    inner join rules on {{ matches_pattern('purposes.purpose', 'rules.purpose') }}

),

-- Nobody knows what a purpose is for that no rule speaks of: whoever takes it back is left alone.
purposes_unknown as (

    select purposes.purpose
    from purposes
    left join purposes_known on purposes.purpose = purposes_known.purpose
    where purposes_known.purpose is null

),

purposes_of_rules as (

    select
        priority,
        purpose,
        true as is_known
    from purposes_known
    union all
    select
        rules.priority,
        purposes_unknown.purpose,
        false as is_known
    from purposes_unknown
    cross join rules

),

rules_ranked as (

    select
        leads.lead_id,
        rules.list,
        rules.priority,
        rules.is_opt_in,
        row_number() over (partition by leads.lead_id, rules.list order by rules.priority) as rule_rank
    from leads
    inner join rules
        on rules.country is null or {{ matches_pattern("coalesce(leads.country, '')", 'rules.country') }}

),

answered as (

    select
        rules_ranked.lead_id,
        rules_ranked.list,
        rules_ranked.is_opt_in,
        max(
            case
                when consents_standing.status = 'granted' and purposes_of_rules.is_known
                    then consents_standing.changed_at
            end
        ) as granted_at,
        max(
            case
                when consents_standing.status = 'withdrawn' and purposes_of_rules.purpose is not null
                    then consents_standing.changed_at
            end
        ) as withdrawn_at
    from rules_ranked
    left join consents_standing on rules_ranked.lead_id = consents_standing.lead_id
    left join purposes_of_rules
        on
            rules_ranked.priority = purposes_of_rules.priority
            and consents_standing.purpose = purposes_of_rules.purpose
    where rules_ranked.rule_rank = 1
    group by rules_ranked.lead_id, rules_ranked.list, rules_ranked.is_opt_in

),

judged as (

    select
        lead_id,
        list,
        is_opt_in,
        granted_at,
        withdrawn_at,
        withdrawn_at is null and (granted_at is not null or not is_opt_in) as is_allowed
    from answered

)

select * from judged

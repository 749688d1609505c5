-- What was done on LinkedIn. An answer is the person's own act and a touch; a message, a declined one or a saved lead is none.
-- Have you an activities file of your own, end with: union all by name select * from 'mine.parquet'
with done as (

    select
        *,
        trim("Activity") as activity,
        coalesce(
            nullif(trim("CRM Record ID"), ''),
            'linkedin:' || md5(regexp_extract(lower("LinkedIn Profile URL"), '/in/([^/?#]+)', 1))
        ) as lead_id
    from read_csv('sales_navigator_activity*.csv', header = true, all_varchar = true, union_by_name = true)

),

meanings as (

    select * from (
        values
        ('InMail Sent', 'message_sent', 'rep', 'sent'),
        ('InMail Accepted', 'message_replied', 'person', 'accepted'),
        ('InMail Declined', 'note', 'rep', 'declined'),
        ('Message Sent', 'message_sent', 'rep', 'sent'),
        ('Message Replied', 'message_replied', 'person', 'replied'),
        ('Connection Accepted', 'social_engaged', 'person', 'connected'),
        ('Lead Saved', 'note', 'rep', 'saved as lead')
    ) as known (activity, activity_type, actor, outcome)

)

select distinct
    'linkedin:' || md5(concat_ws('|', done.lead_id, done."Date", done.activity, done."User")) as activity_id,
    done.lead_id,
    -- A word that stands here only comes to quarantine, where it asks for its row.
    coalesce(meanings.activity_type, done.activity) as activity_type,
    done."Date" as occurred_at,
    meanings.actor,
    meanings.actor = 'person' as is_inbound,
    meanings.outcome,
    done."User" as user_id,
    'organic_social' as channel
from done
left join meanings on done.activity = meanings.activity

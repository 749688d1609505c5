-- People of the lead lists whom the CRM does not know by an id. Their id is made of the profile's address, which is not
-- stored; who has an e-mail is one person with the CRM's record of that e-mail. Have you a leads file of your own, end with:
-- union all by name select * from 'mine.csv'
with listed as (

    select
        *,
        regexp_extract(lower("LinkedIn Profile URL"), '/in/([^/?#]+)', 1) as profile,
        regexp_extract(lower("LinkedIn Company URL"), '/company/([^/?#]+)', 1) as company_profile,
        row_number() over (
            partition by regexp_extract(lower("LinkedIn Profile URL"), '/in/([^/?#]+)', 1) order by "Date Saved" desc
        ) as list_rank,
        min("Date Saved") over (
            partition by regexp_extract(lower("LinkedIn Profile URL"), '/in/([^/?#]+)', 1)
        ) as first_saved
    from read_csv('sales_navigator_leads*.csv', header = true, all_varchar = true, union_by_name = true)
    where coalesce(trim("CRM Record ID"), '') = ''

)

select
    'linkedin:' || md5(profile) as lead_id,
    first_saved as created_at,
    concat_ws(' ', "First Name", "Last Name") as full_name,
    "Email" as email,
    "Company" as company_name,
    case when company_profile != '' then 'linkedin:company:' || company_profile end as account_id,
    "Title" as job_title,
    "Country" as country,
    lower(trim("Buying Role")) as persona,
    'social selling' as lead_source
from listed
where list_rank = 1 and profile != ''

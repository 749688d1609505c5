-- The role in the buying group, for people of the CRM as well: what a rep has noted on a list holds from that day on.
select distinct
    coalesce(
        nullif(trim("CRM Record ID"), ''),
        'linkedin:' || md5(regexp_extract(lower("LinkedIn Profile URL"), '/in/([^/?#]+)', 1))
    ) as lead_id,
    'persona' as attribute,
    lower(trim("Buying Role")) as value,
    "Date Saved" as changed_at
from read_csv('sales_navigator_leads*.csv', header = true, all_varchar = true, union_by_name = true)
where trim("Buying Role") != ''

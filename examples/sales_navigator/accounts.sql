-- Companies of the account lists; one that the CRM knows by its website is the CRM's. Have you an accounts file of your own,
-- end with: union all by name select * from 'mine.csv'
select
    'linkedin:company:' || regexp_extract(lower("LinkedIn Company URL"), '/company/([^/?#]+)', 1) as account_id,
    any_value("Account Name") as account_name,
    any_value("Website") as domain,
    any_value("Industry") as industry,
    any_value(try_cast("Employees" as bigint)) as employee_count,
    any_value("Country") as country
from read_csv('sales_navigator_accounts*.csv', header = true, all_varchar = true, union_by_name = true)
where regexp_extract(lower("LinkedIn Company URL"), '/company/([^/?#]+)', 1) != ''
group by all

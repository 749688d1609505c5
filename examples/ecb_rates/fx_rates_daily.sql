-- What one unit of a currency is worth, from the European Central Bank's table of what one euro buys. Where the reporting
-- currency is not the euro, name it here; the playbook's setting `reporting_currency` must say the same.
with reporting as (

    select 'EUR' as currency

),

days as (

    select * from read_csv('eurofxref-hist.csv', header = true, all_varchar = true)

),

-- Lines end with a comma, and a currency that has no rate on a day says N/A.
per_euro as (

    select
        trim(currency) as currency,
        cast(date as date) as date,
        try_cast(cell as double) as rate
    from (unpivot days on columns(* exclude (date)) into name currency value cell)
    union all
    select
        'EUR' as currency,
        cast(date as date) as date,
        1.0 as rate
    from days

)

select
    per_euro.currency,
    per_euro.date,
    reporting_rates.rate / per_euro.rate as rate_to_reporting
from per_euro
cross join reporting
inner join per_euro as reporting_rates
    on reporting.currency = reporting_rates.currency and per_euro.date = reporting_rates.date
where per_euro.currency != reporting.currency and per_euro.rate > 0 and reporting_rates.rate > 0

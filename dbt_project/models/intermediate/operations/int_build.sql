select
    {{ as_of() }} as as_of,
    {{ setting('reporting_timezone') }} as reporting_timezone,
    {{ setting('reporting_currency') }} as reporting_currency

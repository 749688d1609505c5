{% macro fit_attributes() %}
    {#- The columns of people and companies that rules of fit may ask for; each is a signal `lead.…` or `account.…`. -#}
    {{- return({
        'lead': [
            'job_title', 'job_function', 'seniority', 'persona', 'country', 'language', 'lead_source',
            'product_interest', 'email_domain',
        ],
        'account': [
            'account_name', 'domain', 'industry', 'employee_count', 'annual_revenue_amount', 'country', 'region',
            'technology_tags', 'segment',
        ],
    }) -}}
{% endmacro %}

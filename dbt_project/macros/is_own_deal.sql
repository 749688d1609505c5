{% macro is_own_deal(primary_lead_rule) -%}
    {#- Whether a deal is its primary lead's own: the lead is a contact of it, and does not merely work for the company. -#}
    {{ primary_lead_rule }} in ('primary_contact', 'earliest_contact')
{%- endmacro %}

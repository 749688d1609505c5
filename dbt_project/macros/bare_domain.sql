{% macro bare_domain(address) -%}
    {#- The domain of a web address: no protocol, no `www.`, no path. -#}
    nullif(regexp_replace(regexp_replace(lower({{ address }}), '^(https?://)?(www[.])?', ''), '[/?#:].*$', ''), '')
{%- endmacro %}

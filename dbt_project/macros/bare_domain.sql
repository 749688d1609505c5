{% macro bare_domain(address) -%}
    {#- The domain of a web address: no protocol, no `www.`, no path. -#}
    nullif(regexp_replace(regexp_replace(lower({{ address }}), '^(https?://)?(www[.])?', ''), '[/?#:].*$', ''), '')
{%- endmacro %}

{% macro page_path(address) -%}
    {#- The path of a web address in lower case: no protocol, no domain, nothing after `?` or `#`. -#}
    regexp_replace(regexp_replace(lower({{ address }}), '[?#].*$', ''), '^[a-z]+://[^/]+', '')
{%- endmacro %}

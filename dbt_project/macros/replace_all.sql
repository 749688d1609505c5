{% macro replace_all(text, replacements) %}
    {#- A text in which each of the given words stands for the value of an expression. -#}
    {%- set replaced = namespace(text=text) -%}
    {%- for word, expression in replacements.items() -%}
        {%- set replaced.text = "replace(" ~ replaced.text ~ ", '" ~ word ~ "', " ~ expression ~ ")" -%}
    {%- endfor -%}
    {{- return(replaced.text) -}}
{% endmacro %}

{% materialization table_macro, adapter='duckdb' %}
    {#-
        A model that takes parameters: a DuckDB table macro, stored in the warehouse and copied into the serving file.
        `parameters` maps each parameter to its default, in SQL. Relations inside are named without the database, so
        that the macro reads whichever file holds it.
    -#}
    {%- set parameters = [] -%}
    {%- for name, default in config.require('parameters').items() -%}
        {%- do parameters.append(name ~ ' := ' ~ default) -%}
    {%- endfor -%}
    {%- set body = sql | replace('"' ~ this.database ~ '".', '') -%}

    {%- set definition -%}
        create or replace macro {{ this.schema }}.{{ this.identifier }}({{ parameters | join(', ') }}) as table
        {{ body }}
    {%- endset -%}

    {{ run_hooks(pre_hooks) }}
    {% call statement('create_schema') -%}
        create schema if not exists {{ this.schema }}
    {%- endcall %}
    {% call statement('main') -%}
        {{ definition }}
    {%- endcall %}
    {#- DuckDB forgets the defaults of parameters when asked for a macro's text: publishing takes it from the comment. -#}
    {% call statement('comment') -%}
        comment on macro table {{ this.schema }}.{{ this.identifier }} is '{{ definition | replace("'", "''") }}'
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}

    {{ return({'relations': []}) }}
{% endmaterialization %}

{% macro latest_of_files(source_name, table_name, key) %}
    {#-
        The rows of a raw table that several files may fill, one per key: whatever file spoke of it last. So a file that was
        renamed, whose old name keeps its rows, counts once; and a row that moved to another file is not gone.
    -#}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }} order by _loaded_at desc, _is_deleted, file
            ) as _file_rank
        from (
            {{ latest_versions(source_name, table_name, ['file'] + key) }}
        ) as versions_of_files
    ) as files
    where _file_rank = 1
{%- endmacro %}

{{ config(schema='pii') }}

{{ unify('contacts', leads=['lead_id'], one_row_per=['lead_id']) }}

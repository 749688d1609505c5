{{ unify('opportunity_contacts', leads=['lead_id'], one_row_per=['opportunity_id', 'lead_id']) }}

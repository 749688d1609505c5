{{ unify('campaign_aliases', one_row_per=['alias']) }}

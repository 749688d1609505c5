{{ unify('targets', one_row_per=['month_start_date', 'kpi', 'dimension', 'dimension_value']) }}

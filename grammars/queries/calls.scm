; Written calls by plain name, by member and (C++) by qualified name. Calls stay nodes even inside errors.
(call_expression function: (identifier) @callee)
(call_expression function: (field_expression field: (field_identifier) @member))

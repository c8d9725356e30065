; What the analysis checks itself against, in one pass: written calls by plain name (they stay nodes even inside
; errors), function definitions with a body, and what the grammar could not read.
(call_expression function: (identifier) @callee)
; The declarator chain is walked by the caller's text: pointers and attributes nest it to any depth.
(function_definition
  declarator: (_) @declarator
  body: (compound_statement) @body)
(ERROR) @error
(MISSING) @missing

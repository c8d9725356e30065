; Function definitions with a body: the whole and the body.
; The declarator chain is walked by the caller's text: pointers and attributes nest it to any depth.
(function_definition
  declarator: (_) @declarator
  body: (compound_statement) @body) @function

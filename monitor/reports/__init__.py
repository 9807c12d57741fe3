"""One file an auditor's question. Each builds plain values from the facts; `render` and `terminal` show them."""

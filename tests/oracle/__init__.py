"""Rules judged a second time, by Polars: written from the words of rules/README.md, not from the SQL of the rule book."""

"""Where facts and rules run. `duckdb.Engine` is the one in use; another engine would offer the same few methods."""

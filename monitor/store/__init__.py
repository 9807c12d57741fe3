"""The only room with a database. `store.Store` opens it; the other modules ask and write, one function a question."""

from monitor.store.db import Store

__all__ = ["Store"]

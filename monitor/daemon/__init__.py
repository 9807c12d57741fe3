"""`lvyue serve`: one process that works by itself for years. APScheduler is only the clock; the database remembers
what was done.

    lead ─▶ look at the clock ─▶ wake the worker ─▶ jobs that are due, each slot once ─▶ the ledger

What survives a crash is in the database: the slots (store/slots.py), the outbox, who leads (store/leader.py).
APScheduler's job store is in memory on purpose: stored jobs are pickle, and two services that share one do everything twice.
"""

from monitor.daemon.rounds import Round, learn, once, post
from monitor.daemon.service import serve

__all__ = ["Round", "learn", "once", "post", "serve"]

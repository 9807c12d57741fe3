"""Lvyue 履约: early warning for government contract performance. Start reading at `monitor/README.md`."""

__version__ = "0.1.0"

"""Tests of `monitor/sources/`: against real loopback servers and real files."""

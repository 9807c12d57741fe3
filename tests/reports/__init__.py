"""Tests of `monitor/reports/`: what the auditor reads."""

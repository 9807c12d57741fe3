"""Tests of the rooms where facts run."""

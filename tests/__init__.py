"""Tests mirror `monitor/`: one folder a room, one file a module."""

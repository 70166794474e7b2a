"""Watching the root: events are hints, the disk is the truth."""

"""Residents at the desk: found, filtered, and changed many at a time."""

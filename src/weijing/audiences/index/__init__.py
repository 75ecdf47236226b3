"""Audience bitmaps in memory, exact with respect to the rows."""

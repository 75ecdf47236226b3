"""Geometry for the pictures we draw ourselves: no chart library, no script, no inline style."""

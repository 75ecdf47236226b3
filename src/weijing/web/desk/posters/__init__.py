"""Codes of beats and officers, and the posters and cards that bear them."""

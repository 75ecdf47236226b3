"""Searches for missing persons, as the desk and an officer's phone both show them."""

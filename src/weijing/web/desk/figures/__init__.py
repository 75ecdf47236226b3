"""Numbers to look at."""

"""Things lost and found: taken in, matched, proved, handed over."""

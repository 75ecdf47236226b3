"""A person's record and household: what changes it, and who answers for it."""

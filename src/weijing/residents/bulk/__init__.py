"""One change to many people: ordered, worked through piece by piece, watched, undone."""

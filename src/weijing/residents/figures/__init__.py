"""Coverage: counted from the rows, kept place by place, read level by level."""

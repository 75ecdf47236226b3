"""Records that are one person, or two: found, compared, joined, parted, taken back."""

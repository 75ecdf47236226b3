"""A road or a slope gives way: reported, verified, pushed, updated, cleared (`domain.md` 3.5)."""

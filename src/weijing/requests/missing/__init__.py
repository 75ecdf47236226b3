"""People who are missing: reported, looked for, shown to everybody as far as allowed, found."""

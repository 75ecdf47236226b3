"""Two records that are one person, one record that is two people, and the way back."""

"""What the two benches of audiences share: a county, and how others would count in it."""

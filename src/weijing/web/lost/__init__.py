"""Things lost and found, as the desk and an officer's phone both show them."""

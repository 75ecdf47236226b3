"""Who may let a message go, when it goes, and what goes again to the same people."""

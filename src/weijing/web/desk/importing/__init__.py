"""Taking in a roll at the desk: hand it in, say which column is which, look, import, decide."""

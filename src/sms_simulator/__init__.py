"""A short-message gateway to develop, demonstrate and drill against. Shares no code with us."""

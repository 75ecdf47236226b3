"""How residents become contacts: doors to knock at, and who has refused."""

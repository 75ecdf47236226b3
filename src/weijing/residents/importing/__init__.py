"""Taking in the county's roll of residents from a spreadsheet.

Read in this order: `roll` (the use case), `opening` and `reading` (the file, in a process of its
own), `columns`, `checking` (every row), `comparing` (with what we have), `taking_in` (one
transaction). Only rows that are new or changed are encrypted and written.
"""

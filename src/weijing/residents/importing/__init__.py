"""Taking in the county's roll of residents from a spreadsheet.

Read in this order: `roll` (the use case), `working_through` (one import from start to end),
`opening`, `reading` and `sheet_windows` (the file, in a process of its own), `columns`, `checking`
(every row), `weighing` (`comparing` with what we have, `differing` cell by cell, `verdicts`),
`taking_in` (one transaction), `noting` and `absences` (what is left to a person). Only rows that
are new or changed are encrypted and written.
"""

"""A WeCom to develop, demonstrate and drill against: real HTTP, real errcodes, no real people.

It shares no code with our client, so that a misreading of WeCom cannot hide on both sides.
"""

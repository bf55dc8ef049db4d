"""The fifteen figures of a hotline, each a pure sum over what the journal tells.

`records` says what is counted, `report` gives every figure of a period; the files between hold one family each.
"""

"""Editing many systems at once: a file out, changed in a spreadsheet, and back in after a look at the difference."""

#!/usr/bin/env bash
# openpyxl's read-only mode gives one cell of a sheet that has six, and no error, where the writer noted another size.
#
# A sheet says its size in `<dimension ref="A1:B3"/>`, before its cells and optionally. Programs that write row by row do not
# know it when they begin; that some leave a wrong one there is why openpyxl has `reset_dimensions()`.
#
# Version: openpyxl 3.1.5.
# Seen: - the ordinary mode gives all cells;
#       - `read_only=True` gives those inside the noted size, here the first heading alone, and says nothing;
#       - after `reset_dimensions()` it gives all of them; nothing but that call asks it to look.
# Whoever reads other people's files in read-only mode has to call it always: a list of people is empty otherwise, and looks
# as if everybody had been removed.
#
# Needs: Python 3.11. Everything stays in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3.11 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openpyxl==3.1.5 et-xmlfile==2.0.0 2>pip.log || { cat pip.log; exit 1; }
cat >ask.py <<'END'
import zipfile

import openpyxl

book = openpyxl.Workbook()
for row in (["Name", "Phone"], ["Anna", "+47 1"], ["Bo", "+47 2"]):
    book.active.append(row)
book.save("whole.xlsx")
with zipfile.ZipFile("whole.xlsx") as whole, zipfile.ZipFile("noted.xlsx", "w", zipfile.ZIP_DEFLATED) as noted:
    for name in whole.namelist():
        noted.writestr(name, whole.read(name).replace(b'<dimension ref="A1:B3"', b'<dimension ref="A1"'))
for name in ("whole.xlsx", "noted.xlsx"):
    for is_read_only in (False, True):
        sheet = openpyxl.load_workbook(name, read_only=is_read_only).active
        print(f"{name} read_only={is_read_only!s:5}", sum(len(row) for row in sheet.iter_rows()), "cells")
sheet.reset_dimensions()
print("noted.xlsx after reset_dimensions()", sum(len(row) for row in sheet.iter_rows()), "cells")
END
venv/bin/python ask.py | tee seen
diff - seen <<'END' || { echo "what this version does has changed"; exit 1; }
whole.xlsx read_only=False 6 cells
whole.xlsx read_only=True  6 cells
noted.xlsx read_only=False 6 cells
noted.xlsx read_only=True  1 cells
noted.xlsx after reset_dimensions() 6 cells
END
echo "as it was"

"""Readers of JPEG files behind one interface, each run in a process of its own (`worker.py`).

A peer module has a class `Reader`:

    Reader(files, variant)   files: list of bytes
    read_all()               reads every file once; this is what is timed
    digest()                 SHA-256 over what it read: coefficients as little-endian int16 [Hb, Wb, 8, 8], every component of
                             every file in order; None for readers of pixels, which are checked by `mean_error()`
    mean_error()             mean absolute difference of the first file's RGB from Pillow's; coefficient readers: 0

and a tuple `VARIANTS` of names. A peer that is not installed fails to import, and is left out with a note.
"""

"""The database: tables, migrations, and one module of functions a topic.

Functions take a `Session` first, run inside the caller's unit of work, and hand out frozen dataclasses; no row and no
session leaves its unit of work.
"""

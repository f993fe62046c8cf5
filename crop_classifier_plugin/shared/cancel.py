"""How long a cancelled job has before it is ended: the user is promised two seconds. Standard library only."""

from __future__ import annotations

JOB_GRACE = 1.0  # s that a job has to end by itself, before its program leaves
PROGRAM_GRACE = 1.6  # s that the program then has in all, before QGIS kills it: more than JOB_GRACE, less than two

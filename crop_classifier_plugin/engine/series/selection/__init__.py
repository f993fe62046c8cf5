"""Which scenes and dates are taken: windows of a season, periods, plans, and what ground they cover."""

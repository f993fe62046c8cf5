"""Helpers that tests share; every test imports them from here."""

"""Protocols of the papers: one folder an experiment."""

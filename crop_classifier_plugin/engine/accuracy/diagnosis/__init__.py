"""Crop map + reference -> layers of hits and errors, and the report."""

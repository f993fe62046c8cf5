"""Confusion matrix, diagnostics and the accuracy report."""

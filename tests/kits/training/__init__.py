"""Trainings that take seconds."""

"""The review panel: works through a list of units by single keys, each answer saved as it is given."""

"""What both sides import: jobs, cards, errors, legend. Standard library only, Python 3.9."""

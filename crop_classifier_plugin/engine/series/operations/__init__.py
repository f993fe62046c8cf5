"""What is made of a series: one folder an operation."""

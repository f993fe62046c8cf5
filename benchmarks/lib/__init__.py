"""What benchmarks share: where things are, machine facts, medians, tables, pages."""

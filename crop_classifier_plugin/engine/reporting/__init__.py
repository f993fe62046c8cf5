"""What the reports share: templates, tables, colours, pictures."""

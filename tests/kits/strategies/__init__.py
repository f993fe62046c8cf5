"""Any card, any job: what hypothesis draws."""

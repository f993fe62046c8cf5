"""How a checkout is built, measured from its source alone: one module a subject, `overview.measure` for all of them."""

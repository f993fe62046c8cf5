"""One year's calendar brought to another's."""

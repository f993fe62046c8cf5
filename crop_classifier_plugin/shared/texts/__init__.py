"""What texts of others may hold, and how they are shown. Standard library only: both sides import this."""

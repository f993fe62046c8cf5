"""What the project measures of itself: how fast it is, and how right its maps are."""

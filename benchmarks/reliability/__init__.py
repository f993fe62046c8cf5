"""What holds under fault and attack."""

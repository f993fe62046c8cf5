"""What runs a network's file, on which device, and why."""

"""Fine and coarse images fused, and what that is worth."""

"""A fused image held against the real one."""

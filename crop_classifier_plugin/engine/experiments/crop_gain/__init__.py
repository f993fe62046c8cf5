"""What predicted images add to the crop map of an early season."""

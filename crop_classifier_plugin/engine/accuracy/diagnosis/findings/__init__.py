"""What a diagnosis finds out for its report, beside the matrix and the layers."""

"""Random forests: fitted, and written as ONNX."""

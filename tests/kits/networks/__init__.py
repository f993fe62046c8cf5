"""Networks for tests, in torch and as ONNX files."""

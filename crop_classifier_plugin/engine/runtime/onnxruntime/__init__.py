"""ONNX Runtime behind the protocol of a runtime."""

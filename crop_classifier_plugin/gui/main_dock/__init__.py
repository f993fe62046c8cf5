"""The dock "Crop Classifier": from layers to a reviewed map, step by step."""

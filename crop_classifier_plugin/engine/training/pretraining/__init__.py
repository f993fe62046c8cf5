"""CropSTS pre-trained without labels."""

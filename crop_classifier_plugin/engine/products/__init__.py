"""What files of each sensor look like: bands, dates, encodings; and where they lie."""

"""Constants of labels."""

IGNORE = -1  # in a target: nothing is known of the pixel

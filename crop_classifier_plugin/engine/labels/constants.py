"""Constants of labels."""

IGNORE = -1  # in a target: nothing is known of the pixel
NO_DATA = -1  # in place of a position in a legend, a list of labels or of parcels: nothing is said of the pixel
DISPUTED = -2  # the same: polygons of different classes lie there, so that nobody knows the truth

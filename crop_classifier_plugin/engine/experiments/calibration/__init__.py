"""Whether a calibration on other seasons, or on labels of the season mapped, makes confidence mean what it says."""

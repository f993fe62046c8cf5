"""Parcels parted into those learnt from, those that choose the best epoch, and those held out."""

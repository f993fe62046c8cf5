"""What a calibration did, in sentences for the log."""

from __future__ import annotations

from .fit import Fitted

NOTHING_TO_FIT = "There are too few labelled parcels to calibrate the model's confidence on: it is as it came."


def told(found: Fitted) -> str:
    """How far confidence was from accuracy, and is now, on parcels (or seasons) that were not fitted on."""
    calibration, before, after = found.calibration, found.before, found.after
    where = "a season that was left out" if found.by_season else "parcels that were left out"
    if not found.title:
        return (
            f"Confidence stays as it came: nothing did better on {where} (its expected error there is "
            f"{before.pixels.error:.3f}, {calibration.pixels:,} px).{_parcels(found)}"
        )
    classes = "" if calibration.keeps_classes else _classes(before.accuracy, after.accuracy)
    return (
        f"Confidence was calibrated by {found.title} on {calibration.pixels:,} px (temperature "
        f"{calibration.temperature:.2f}): its expected error on {where} was {before.pixels.error:.3f}, now it is "
        f"{after.pixels.error:.3f}.{classes}{_parcels(found)}"
    )


def _classes(before: float, after: float) -> str:
    return (
        " Some pixels get another class by it, the one that is likeliest then: accuracy there was "
        f"{100 * before:.1f} %, now it is {100 * after:.1f} %."
    )


def _parcels(found: Fitted) -> str:
    fit = found.calibration.parcels
    if fit is None:
        return ""
    return (
        f" Parcels have a confidence of their own ({fit.parcels:,} parcels): its expected error was "
        f"{fit.error_before:.3f} by the mean of their pixels, now it is {fit.error_after:.3f}."
    )

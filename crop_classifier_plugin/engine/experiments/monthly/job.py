"""The train job of the months: VUnetConvLSTM on simulated radar over real parcels."""

from __future__ import annotations

from ....shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from ....shared.jobs.train import CardTexts, ModelInputs, NetworkSpec, SplitSpec, TrainJob
from ..paper_recipe import as_paper
from ..places import Places
from .simulated_radar import MONTHS, TARGETS, merged, parcels, write_series

PARCELS = "lem_plus/lem_plus_monthly_crops.gpkg"
TILE, OVERLAP = 64, 16
EPOCHS, LONGER = 16, 48  # the second: about the paper's share of the twelve networks' time


def monthly_job(model: str, places: Places) -> TrainJob:
    """VUnetConvLSTM on the twelve labelled months; writes the simulated series once."""
    place = places.work / "monthly"
    if not (place / "parcels.gpkg").exists():
        place.mkdir(parents=True, exist_ok=True)
        frame = parcels(places.data / PARCELS)
        write_series(frame, place)
        merged(frame).to_file(place / "parcels.gpkg")
    radar = Series(tuple(SceneSource(str(path)) for path in sorted(place.glob("S1_*.tif"))), mask="none")
    labels = LabelSource(str(place / "parcels.gpkg"), month_fields=tuple(zip(TARGETS, MONTHS)))
    return TrainJob(
        data=(LabelledSeries(radar, labels),),
        model=model,
        split=SplitSpec("parcel"),
        network=NetworkSpec("vunet_convlstm", (("preset", "small"),)),
        model_inputs=ModelInputs(("VV", "VH"), radar_unit="power", tile=TILE, overlap=OVERLAP),
        optim=as_paper(epochs=LONGER, patience=LONGER // 4, steps=24, batch=16, patch=32),
        card=_CARD,
    )


_CARD = CardTexts(
    title="VUnetConvLSTM on simulated radar over Bahia",
    region="36 km x 36 km of western Bahia, Brazil",
    season="any month, from the twelve months up to it",
    training_data="Parcels and monthly crops of LEM+ (Oldoni et al. 2020, CC BY 4.0), October 2019 to September "
    "2020, with SIMULATED Sentinel-1 backscatter at 40 m",
    limits="The parcels are real, the radar is simulated: it shows maps a month, and is not good for real images.",
    simulated=True,
)

"""A simulated place of two years on the days of TSSTFN's paper: the first is learnt from, the second is predicted.

In the second year July and August are hidden from the fine sensor. Everything goes through the jobs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ....shared.jobs.fusion import FuseStarfmJob, image_pairs
from ....shared.jobs.series import AlignLimits, AlignSeriesJob, IndexJob
from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import SceneSource, Series
from ....shared.jobs.tsstfn import FuseTsstfnJob, FusionOptim, FusionTexts, TrainTsstfnJob
from ...execution.reporter import Silent
from ...fusion.starfm.job import fuse as fuse_starfm
from ...fusion.tsstfn.job import fuse as fuse_tsstfn
from ...series.operations.alignment.job import align_series
from ...series.operations.indices.job import compute_indices
from ...simulate.job import simulate
from ...training.tsstfn.job import train

LEARNT, USED = 2020, 2021
DAYS = {  # of clear fine images: the paper's, but for the targets, which are days of the simulated MODIS
    LEARNT: "04-18 04-28 05-06 05-08 05-18 05-28 07-07 07-12 07-15 08-19 09-10",
    USED: "04-21 05-16 05-21 06-02 06-12 06-22 06-25 07-28 08-29",
}
TARGETS = ("2021-07-28", "2021-08-29")
EARLY_ENDS = f"{USED}-07-01"
EPOCHS, BATCH = 20, 2
BASE_DATES = {LEARNT: 8, USED: 7}  # of the coarse images; the learnt year's last one is that of its target


@dataclass(frozen=True)
class SimulatedPlace:
    """`side` px of 10 m, without clouds; `write` fills the folder."""

    folder: Path
    seed: int
    side: int

    def write(self) -> SimulatedPlace:
        """NDVI of all clear fine images of a year as <year>.tif; MODIS, truth and parcels in the folder of the year."""
        for year, days in DAYS.items():
            dates = tuple(f"{year}-{day}" for day in days.split())
            own = self.folder / str(year)
            job = SimulateJob(str(own), self.side, self.side, year, self.seed, dates, cloud_share=0, sentinel1=False)
            simulate(job, Silent())
            compute_indices(IndexJob(unmasked(*sorted(own.glob("S2_10m*"))), str(self.ndvi(year))), Silent())
        return self

    def ndvi(self, year: int) -> Path:
        return self.folder / f"{year}.tif"

    def modis(self, *days: str) -> list[Path]:
        """The coarse images of days of the second year."""
        return [self.folder / str(USED) / f"MOD13Q1_{day.replace('-', '')}_NDVI.tif" for day in days]

    def hidden(self, day: str) -> Path:
        """The NDVI of one hidden fine image."""
        scene = self.folder / str(USED) / f"S2_10m_{day.replace('-', '')}.tif"
        made = self.folder / f"hidden_{day}.tif"
        compute_indices(IndexJob(unmasked(scene), str(made)), Silent())
        return made

    def fine(self, strategy: str, year: int) -> Path:
        return self.folder / strategy / f"fine{year}.tif"

    def coarse(self, strategy: str, year: int) -> Path:
        return self.folder / strategy / f"coarse{year}.tif"

    def model(self, strategy: str) -> Path:
        return self.folder / strategy / "model"

    # --- what is made of it ------------------------------------------------------------------------------------------

    def align(self, strategy: str) -> None:
        """Fine and coarse images of both years on the days of a strategy."""
        own = self.folder / strategy
        own.mkdir(exist_ok=True)
        job = AlignSeriesJob(
            training=unmasked(self.ndvi(LEARNT)),
            prediction=unmasked(self.ndvi(USED)),
            training_output=str(self.fine(strategy, LEARNT)),
            table=str(own / "t.csv"),
            prediction_output=str(self.fine(strategy, USED)),
            strategy=strategy,
            limits=AlignLimits(
                training_before=f"{LEARNT}-08-01",
                prediction_before=EARLY_ENDS,
                target=TARGETS[-1],
                training_target=f"{LEARNT}-08-19" if strategy == "A" else "",
            ),
        )
        align_series(job, Silent())
        for year, count in BASE_DATES.items():
            scenes = unmasked(*sorted((self.folder / str(year)).glob("MOD*")))
            like, made = unmasked(self.fine(strategy, year)), str(self.coarse(strategy, year))
            align_series(AlignSeriesJob(scenes, like, made, str(own / "c.csv"), strategy="B", count=count), Silent())

    def train(self, strategy: str, model: Path | None = None) -> float:
        """Trains TSSTFN on the first year; seconds of processor time."""
        started = time.process_time()
        job = TrainTsstfnJob(
            fine=Series(sources(self.fine(strategy, LEARNT))),
            coarse=Series(sources(self.coarse(strategy, LEARNT))),
            model=str(model or self.model(strategy)),
            optim=FusionOptim(epochs=EPOCHS, batch=BATCH),
            card=FusionTexts("TSSTFN on a simulated season", strategy),
            seed=self.seed,
        )
        train(job, Silent())
        return time.process_time() - started

    def predict(self, strategy: str, forecast: str = "individual") -> Path:
        """The targets by TSSTFN, one raster."""
        made = self.folder / f"tsstfn_{strategy}_{forecast}.tif"
        images = self._images(strategy, *TARGETS)
        fuse_tsstfn(FuseTsstfnJob(*images, str(self.model(strategy)), str(made), TARGETS, forecast), Silent())
        return made

    def starfm(self, target: str) -> Path:
        made = self.folder / f"starfm_{target}.tif"
        fuse_starfm(FuseStarfmJob(*self._images("B", target), str(made), target=target), Silent())
        return made

    def _images(self, strategy: str, *targets: str) -> tuple[Series, Series]:
        coarse = sources(self.coarse(strategy, USED), *self.modis(*targets))
        return image_pairs(sources(self.fine(strategy, USED)), coarse)


def sources(*paths: Path) -> tuple[SceneSource, ...]:
    return tuple(SceneSource(str(path)) for path in paths)


def unmasked(*paths: Path) -> Series:
    return Series(sources(*paths), mask="none")

"""A training without the export."""

from __future__ import annotations

from pathlib import Path

from crop_classifier_plugin.engine.execution.reporter import Reporter, Silent
from crop_classifier_plugin.engine.series.cube.input_normalisation import Preprocess
from crop_classifier_plugin.engine.training.data.band_statistics import statistics
from crop_classifier_plugin.engine.training.model_folder.input_spec import input_spec_of
from crop_classifier_plugin.engine.training.supervised.fit import Fitted, config_of, fit
from crop_classifier_plugin.engine.training.supervised.job import inputs_of
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from crop_classifier_plugin.shared.jobs.train import TrainJob
from kits.training.toy import LEGEND


def learn_only(job: TrainJob, place: Path, reporter: Reporter | None = None, keep: Path | None = None) -> Fitted:
    """Of a toy season, which is read into the folder `place`."""
    place.mkdir()
    material = gather(job, LEGEND, place, Silent(), 32)
    config = config_of(job.network, job.model_inputs, 2)
    preprocess = Preprocess(input_spec_of(job, inputs_of(job.network.name, config)), statistics(material.train))
    return fit(job, config, material, preprocess, reporter or Silent(), keep)

"""The group 'Crop Classifier' of the Processing toolbox."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .. import assets
from .accuracy.diagnose import Diagnose
from .classify.classify_attention_3dcnn import ClassifyAttention3dCnn
from .classify.classify_cropsts import ClassifyCropSts
from .classify.classify_lrtacf_net import ClassifyLrtacfNet
from .classify.classify_model import ClassifyModel
from .classify.classify_random_forest import ClassifyRandomForest
from .classify.classify_unet_convlstm import ClassifyUnetConvLstm
from .fusion.crop_gain import CropGain
from .fusion.evaluate_fusion import EvaluateFusion
from .fusion.fuse_starfm import FuseStarfm
from .fusion.fuse_tsstfn import FuseTsstfn
from .help.setup_engine import SetUpEngine
from .help.simulate_season import SimulateSeason
from .series.align_series import AlignSeries
from .series.build_series import BuildSeries
from .series.composite import Composite
from .series.fill_gaps import FillGaps
from .series.index import Index
from .series.phenology import Phenology
from .train.pretrain_cropsts import PretrainCropSts
from .train.train_attention_3dcnn import TrainAttention3dCnn
from .train.train_cropsts import TrainCropSts
from .train.train_lrtacf_net import TrainLrtacfNet
from .train.train_network import TrainAnyNetwork
from .train.train_random_forest import TrainRandomForest
from .train.train_tsstfn import TrainTsstfn
from .train.train_unet_convlstm import TrainUnetConvLstm


class CropClassifierProvider(QgsProcessingProvider):
    def id(self) -> str:
        return "cropclassifier"

    def name(self) -> str:
        return "Crop Classifier"

    def icon(self) -> QIcon:
        return QIcon(assets.icon("crop_classifier"))

    def svgIconPath(self) -> str:
        return assets.icon("crop_classifier")

    def loadAlgorithms(self) -> None:
        for algorithm in (
            AlignSeries,
            BuildSeries,
            ClassifyAttention3dCnn,
            ClassifyCropSts,
            ClassifyLrtacfNet,
            ClassifyModel,
            ClassifyRandomForest,
            ClassifyUnetConvLstm,
            Composite,
            CropGain,
            Diagnose,
            EvaluateFusion,
            FillGaps,
            FuseStarfm,
            FuseTsstfn,
            Index,
            Phenology,
            PretrainCropSts,
            SimulateSeason,
            SetUpEngine,
            TrainAnyNetwork,
            TrainAttention3dCnn,
            TrainCropSts,
            TrainLrtacfNet,
            TrainRandomForest,
            TrainTsstfn,
            TrainUnetConvLstm,
        ):
            self.addAlgorithm(algorithm())

    def defaultRasterFileExtension(self) -> str:
        return "tif"

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        return ["tif", "tiff"]

"""The group 'Crop Classifier' of the Processing toolbox."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .. import assets
from .align_series import AlignSeries
from .build_series import BuildSeries
from .classify_attention3dcnn import ClassifyAttention3dCnn
from .classify_cropsts import ClassifyCropSts
from .classify_lrtacfnet import ClassifyLrtacfNet
from .classify_model import ClassifyModel
from .classify_randomforest import ClassifyRandomForest
from .classify_unetconvlstm import ClassifyUnetConvLstm
from .composite import Composite
from .crop_gain import CropGain
from .diagnose import Diagnose
from .evaluate_fusion import EvaluateFusion
from .fill_gaps import FillGaps
from .fuse_starfm import FuseStarfm
from .fuse_tsstfn import FuseTsstfn
from .index import Index
from .phenology import Phenology
from .pretrain_cropsts import PretrainCropSts
from .setup_engine import SetUpEngine
from .simulate_season import SimulateSeason
from .train_any_network import TrainAnyNetwork
from .train_attention3dcnn import TrainAttention3dCnn
from .train_cropsts import TrainCropSts
from .train_lrtacfnet import TrainLrtacfNet
from .train_randomforest import TrainRandomForest
from .train_tsstfn import TrainTsstfn
from .train_unetconvlstm import TrainUnetConvLstm


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

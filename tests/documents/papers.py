"""What papers are called, and how they are linked."""

from __future__ import annotations

import re
from typing import NamedTuple

ARXIV = r"arXiv:(\d{4}\.\d{4,5})"
TITLES = {
    "1312.4400": "Lin et al. 2013, Network In Network",
    "1311.2901": "Zeiler and Fergus 2013, Visualizing and Understanding Convolutional Networks",
    "1409.1556": "Simonyan and Zisserman 2014, Very Deep Convolutional Networks for Large-Scale Image Recognition",
    "1409.4842": "Szegedy et al. 2014, Going Deeper with Convolutions",
    "1409.5185": "Lee et al. 2014, Deeply-Supervised Nets",
    "1411.4038": "Long et al. 2014, Fully Convolutional Networks for Semantic Segmentation",
    "1412.6550": "Romero et al. 2014, FitNets: Hints for Thin Deep Nets",
    "1502.03167": "Ioffe and Szegedy 2015, Batch Normalization",
    "1505.00387": "Srivastava et al. 2015, Highway Networks",
    "1505.04597": "Ronneberger et al. 2015, U-Net",
    "1507.06228": "Srivastava et al. 2015, Training Very Deep Networks",
    "1512.00567": "Szegedy et al. 2015, Rethinking the Inception Architecture for Computer Vision",
    "1512.03385": "He et al. 2015, Deep Residual Learning for Image Recognition",
    "1602.07360": "Iandola et al. 2016, SqueezeNet",
    "1603.05027": "He et al. 2016, Identity Mappings in Deep Residual Networks",
    "1603.09382": "Huang et al. 2016, Deep Networks with Stochastic Depth",
    "1605.07146": "Zagoruyko and Komodakis 2016, Wide Residual Networks",
    "1605.07648": "Larsson et al. 2016, FractalNet",
    "1608.06993": "Huang et al. 2016, Densely Connected Convolutional Networks",
    "1610.02357": "Chollet 2016, Xception",
    "1611.01578": "Zoph and Le 2016, Neural Architecture Search with Reinforcement Learning",
    "1611.05431": "Xie et al. 2016, Aggregated Residual Transformations for Deep Neural Networks",
    "1612.08242": "Redmon and Farhadi 2016, YOLO9000",
    "1704.03162": "Kazemi and Elqursh 2017, Show, Ask, Attend, and Answer",
    "1704.04861": "Howard et al. 2017, MobileNets",
    "1705.07485": "Gastaldi 2017, Shake-Shake Regularization",
    "1707.01083": "Zhang et al. 2017, ShuffleNet",
    "1707.01629": "Chen et al. 2017, Dual Path Networks",
    "1707.07012": "Zoph et al. 2017, Learning Transferable Architectures for Scalable Image Recognition",
    "1709.01507": "Hu et al. 2017, Squeeze-and-Excitation Networks",
    "1710.09829": "Sabour et al. 2017, Dynamic Routing Between Capsules",
    "1712.00559": "Liu et al. 2017, Progressive Neural Architecture Search",
    "1801.04381": "Sandler et al. 2018, MobileNetV2",
    "1802.01548": "Real et al. 2018, Regularized Evolution for Image Classifier Architecture Search",
    "1802.03268": "Pham et al. 2018, Efficient Neural Architecture Search via Parameter Sharing",
    "1806.09055": "Liu et al. 2018, DARTS",
    "1807.11164": "Ma et al. 2018, ShuffleNet V2",
    "1807.11626": "Tan et al. 2018, MnasNet",
    "1810.04805": "Devlin et al. 2018, BERT",
    "1905.02244": "Howard et al. 2019, Searching for MobileNetV3",
    "1905.11946": "Tan and Le 2019, EfficientNet",
    "1911.04252": "Xie et al. 2019, Self-training with Noisy Student",
    "1912.11370": "Kolesnikov et al. 2019, Big Transfer",
    "2010.11929": "Dosovitskiy et al. 2020, An Image is Worth 16x16 Words",
}


class Paper(NamedTuple):
    """Where tables stand: papers in the order of their arXiv numbers, then the rest."""

    rank: int
    number: str
    heading: str


def paper(cite: str) -> Paper:
    """The first paper that a cite names; what begins with lectures or a model zoo stands with its like."""
    found = re.search(ARXIV, cite)
    first = cite.partition(";")[0]
    if found is None or "lecture" in first or "model zoo" in first:
        printed = re.match(r"\D+ (?:1[89]|20)\d\d\b", first)
        if printed is not None and found is None:
            return Paper(0 if printed[0][-4:] < "2013" else 1, printed[0][-4:], printed[0])
        return Paper(2, "", "Releases, model zoos and lectures")
    return Paper(1, found[1], TITLES.get(found[1], found[0]))


def linked(text: str) -> str:
    """Text with its arXiv numbers as links."""
    return re.sub(ARXIV, r"[arXiv:\1](https://arxiv.org/abs/\1)", text)

"""Networks that somebody else has trained: MobileNetV2 and ResNet50 with their ImageNet weights.

>>> from helpers import pretrained
>>> model = pretrained.load("mobilenetv2", top=False, size=96, pooling="avg", source="untrained")
>>> model.input_shape, model.output_shape
((None, 96, 96, 3), (None, 1280))

What goes in is always RGB from 0 to 255, in any number type: the scaling that each network was trained with is its first layer,
so it can be neither forgotten nor mixed up. What comes out are 1,000 probabilities (:func:`decode` puts names to them), feature
maps (``top=False``) or one vector of features an image (``top=False, pooling="avg"``).

The weights come from Keras's own home or, where that cannot be reached, from a registry package. The two MobileNetV2 are not the
same network: one was trained with Keras's padding, the other with that of torchvision. Each source has the builder that its
weights fit, and ``model.source`` and :func:`describe` say which one this is. Layers have the same names in both.

There is no sample of weights in the repository. If no source delivers, :func:`load` raises :class:`Unavailable`: a notebook
that can go on without them catches it.

From a shell: ``python -m helpers.pretrained list``, ``fetch NAME...`` and ``verify``.
"""

from helpers.pretrained.errors import Unavailable
from helpers.pretrained.imagenet import CLASS_NAMES, decode
from helpers.pretrained.loader import describe, load

__all__ = ["CLASS_NAMES", "Unavailable", "decode", "describe", "load"]

"""Convolution and pooling, step by step, as players inside the notebook and the book.

:func:`convolution` and :func:`pooling` compute their result by walking the window over the image, and show that walk: the
window, the products, the running sum and the output cell. The players need no kernel once they are on the page, no network
and no mouse.

>>> from helpers import animate
>>> output = animate.pooling([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])     # doctest: +SKIP
"""

from helpers.animate.player import Player, convolution, pooling
from helpers.animate.walk import Step, Tap, padding_of, pooling_steps, steps

__all__ = ["Player", "Step", "Tap", "convolution", "padding_of", "pooling", "pooling_steps", "steps"]

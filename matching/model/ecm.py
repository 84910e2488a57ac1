"""recordlinkage, wrapped: its ECM classifier as a second opinion on our weights, and its measures.

It is an independent implementation of the same model (binary agreements, both m and u by
expectation conditional maximisation), so where candidates are narrow it must come to the same pairs.
Not on the fast path: importing it takes seconds, and with wide candidates ECM may settle on the
wrong class, which is why the product fixes u beforehand.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SecondOpinion:
    """What ECM learnt from agreements, and the probability that each pair is a match."""

    probability: Floats
    share: float  # of the pairs that are matches


def second_opinion(agreements: Bools) -> SecondOpinion:
    """Let recordlinkage's ECM classify pairs.

    Args:
        agreements: pairs x fields, whether they agree.
    """
    import pandas as pd
    import recordlinkage

    index = pd.MultiIndex.from_arrays([np.arange(len(agreements)), np.arange(len(agreements))])
    names = [f"f{i}" for i in range(agreements.shape[1])]
    frame = pd.DataFrame(agreements.astype(int), index=index, columns=pd.Index(names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas and scikit-learn deprecations inside the library
        classifier = recordlinkage.ECMClassifier()
        classifier.fit(frame)
        probability = classifier.prob(frame)
        share = float(classifier.p)
    return SecondOpinion(np.asarray(probability, np.float64), share)


def measures(true: set[tuple[str, str]], found: set[tuple[str, str]]) -> dict[str, float]:
    """Precision, recall and F1 of links by recordlinkage's own definitions."""
    import pandas as pd
    import recordlinkage

    a = pd.MultiIndex.from_tuples(sorted(true))
    b = pd.MultiIndex.from_tuples(sorted(found))
    return {
        "precision": float(recordlinkage.precision(a, b)),
        "recall": float(recordlinkage.recall(a, b)),
        "f1": float(recordlinkage.fscore(a, b)),
    }

"""Fellegi-Sunter weights with rivals: what a pattern of agreement is worth.

It learns from counted patterns and value shares, and never sees a text.
"""

from matching.model.by_value import ByValue, ValueTable
from matching.model.chance import Frequencies, fit_chance, frequencies, values_of
from matching.model.lessons import lesson_text, read_lessons
from matching.model.match_weights import (
    KEEP,
    MatchWeights,
    contradicting_patterns,
    guarded_patterns,
    nameless_patterns,
)
from matching.model.model import (
    CHANCE,
    CLASSES,
    Model,
    Reviewed,
    class_log_joint,
    prior_model,
    shipped_number,
    train,
    unpack,
    with_namesakes,
)
from matching.model.namesakes import Namesakes, People, count_namesakes
from matching.model.saved import SavedModel, saved_text

"""From text to codes that can be compared: names, dates, numbers and addresses in one spelling each, numbered.

It reads values and counts those that can't be read; it never compares two rows.
"""

from matching.normalise.dates import birth_dates
from matching.normalise.encoding import (
    Encoded,
    HalfEncoded,
    ReadAs,
    common_columns,
    encode,
    encode_alone,
    encode_one,
    namesakes_alike,
    unread_columns,
)
from matching.normalise.full_names import FULL_NAME, boxes_of, split_full_names
from matching.normalise.names import (
    SAYING_LITTLE,
    distinctive,
    known_given_names,
    nickname_pairs,
    spelling_pairs,
    spelt_surnames,
)
from matching.normalise.reading import (
    DICTIONARY_COLUMNS,
    READ_COLUMNS,
    EncodingInput,
    batches_of,
    read_input,
)
from matching.normalise.side import Side, address_numbers
from matching.normalise.stored import (
    VERSION,
    read_stored,
    stored_columns,
    stored_tables,
    with_changes,
)
from matching.normalise.vocabulary import Dictionary, NameParts, Vocabulary

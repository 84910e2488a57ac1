"""Letters of the Department: each from one template, as text, as a page for print and as a Word file.

A letter says what it says for one project: the law of its system and of its kinds of data, taken from the system's own
file. It is composed here, never recorded and never sent.
"""

from approvals.letters.composing import (
    SENDER,
    SUBJECTS,
    Letter,
    Sender,
    catalogue,
    compose,
    letter_of_event,
    paragraphs_of,
    recipient_lines,
)

"""How files rest: staged tables, documents, and the secret that machines share for a piece of work.

Every file is under AES-256 with a key that the caller gives, and appears whole or not at all. It keeps no key.
"""

from crypto.resting.document import decrypt_document, encrypt_document
from crypto.resting.shared_secret import (
    WORK_KEY_FILE,
    make_shared_secret,
    make_work_key,
    read_shared_secret,
    read_work_key,
    shared_secret_mark,
)
from crypto.resting.staging import (
    attach_key,
    held_as,
    is_encrypted,
    read_some,
    read_staged,
    scan_staged,
    staged_batches,
    staged_rows,
    staged_schema,
    staged_writer,
    write_staged,
)

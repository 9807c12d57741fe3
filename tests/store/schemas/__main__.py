"""`python -m tests.store.schemas`: write the file of this release's schema."""

from tests.store.schemas import write

print(write())

"""What no schema can say: how the fields of a request relate, and what is stored.

A request that the description allows may be refused for these reasons alone. Any other refusal is
a limit that the description does not state, and fails the run.
"""

import re

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

REFUSALS = re.compile(
    "cursor is not one that a list has given"
    "|there is no such (organizer|event|session)"
    "|is not a (seat|price tier) of this session"
    "|the seat's is "
    "|is named twice|names seat .* twice"
    "|must be (after start_time|before sales_end)|must not be after end_time"
    "|the hall has [0-9]+ seats, or does not exist"
    "|the row is full|seats; a (hall has at most|row has 1 to)"
    "|further fields may take"
    "|this Idempotency-Key came before with another"
    "|the code was not signed by us"
)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if not isinstance(failure, RejectedPositiveData):
        return True
    # Not parsed: what is no problem is not one of these refusals either.
    return not REFUSALS.search(response.text)

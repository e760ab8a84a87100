"""Evidence that may be looked at after every question: the e-value.

A p-value holds for one look at a number of questions fixed beforehand. An e-value holds however
often one looks and whenever one stops, and pays for that with power.

>>> e_value(8, 0) >= 20 > e_value(7, 0)
True
"""

from __future__ import annotations

import math

_LARGEST = 690.0  # e^690 is about 1e300: still a number in JSON


def e_value(n_up: int, n_down: int) -> float:
    """Evidence against "up and down are equally likely": B(up + 1, down + 1) * 2^(up + down).

    The likelihood of the independent units that went up or down, averaged over a flat prior of
    the chance of "up", against a fair coin. Under a fair coin it exceeds 1/alpha at *any* time
    with probability at most alpha (Ville's inequality), so 20 stands for alpha = 0.05. No unit
    that moved: 1.0, no evidence either way.

    Reference: Robbins (1970), Ann. Math. Statist. 41:1397-1409.

    >>> e_value(0, 0), round(e_value(9, 0), 1), e_value(3, 9) == e_value(9, 3)
    (1.0, 51.2, True)
    """
    if n_up < 0 or n_down < 0:
        raise ValueError(f"counts must not be negative, found {n_up} and {n_down}")
    n = n_up + n_down
    log_beta = math.lgamma(n_up + 1) + math.lgamma(n_down + 1) - math.lgamma(n + 2)
    return math.exp(min(_LARGEST, log_beta + n * math.log(2)))

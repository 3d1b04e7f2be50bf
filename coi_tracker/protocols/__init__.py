"""Trial protocols as data: what a file may say, how it is read, and the studies shipped with the tracker."""

from coi_tracker.protocols.amendment import Difference, differences
from coi_tracker.protocols.loading import builtin, builtin_keys, load_protocol, parse_protocol
from coi_tracker.protocols.model import Protocol
from coi_tracker.protocols.problems import Problem, ProtocolError, problems_text

__all__ = [
    "Difference",
    "Problem",
    "Protocol",
    "ProtocolError",
    "builtin",
    "builtin_keys",
    "differences",
    "load_protocol",
    "parse_protocol",
    "problems_text",
]

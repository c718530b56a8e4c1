"""VPR's figures from Python. It stands alone: it needs httpx, and for frames pyarrow, pandas or polars."""

from vpr_client.client import Client
from vpr_client.figures import Figure
from vpr_client.problems import Altered, ClientError, FieldError, ProblemError, Unreachable
from vpr_client.questions import EventLog, Query, Question
from vpr_client.tokens import ClientCredentials

__all__ = [
    "Altered",
    "Client",
    "ClientCredentials",
    "ClientError",
    "EventLog",
    "FieldError",
    "Figure",
    "ProblemError",
    "Query",
    "Question",
    "Unreachable",
]

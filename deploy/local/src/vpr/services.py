"""The five services as this distribution knows them: where each is put together, and what its consumer reads."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from fastapi import FastAPI

from vpr_events.asyncapi import Receivers
from vpr_events.contracts import SERVICES
from vpr_events.log import SUBJECTS
from vpr_service.clock import Clock, real_time
from vpr_service.event_docs import received_by
from vpr_service.runtime import Service
from vpr_service.settings import ServiceSettings


class Assembly(Protocol):
    """What every ``vpr_<name>.app`` offers."""

    MIGRATIONS: Path
    Settings: type[ServiceSettings]
    service: Service

    def make_app(self, settings: ServiceSettings | None = None, clock: Clock = real_time) -> FastAPI:
        """The service's app; ``clock`` is its business time."""


def assembly(name: str) -> Assembly:
    """The module that puts a service together."""
    return cast("Assembly", cast("Any", importlib.import_module(f"vpr_{name}.app")))


def receivers() -> Receivers:
    """Each service and the events it does something about."""
    return {name: received_by(assembly(name).service) for name in SERVICES}


def durables(names: Sequence[str] = SERVICES) -> Mapping[str, Sequence[str]]:
    """Each service's durable consumer and the subjects it needs."""
    consumers = {name: assembly(name).service.consumer for name in names}
    return {name: consumer.subjects if consumer else [SUBJECTS] for name, consumer in consumers.items()}

"""What services that keep files have in common: where files lie, what a failing store is answered, sweeping."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Annotated, Protocol, Self

import structlog
from pydantic import Field, SecretStr, field_validator, model_validator

from vpr_events.effect_runner import Task, Tried
from vpr_events.working import in_steps, resting
from vpr_events.writes import Write
from vpr_evidence.keys import KeyMissing, MasterKeys
from vpr_evidence.objects import Objects
from vpr_evidence.storage import ObjectStorage, Storage, StorageFull, StorageUnavailable
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime
from vpr_service.settings import ServiceSettings

SWEEP_EVERY = 300.0
"""Seconds between two looks for what was never recorded."""

log = structlog.get_logger(__name__)


class EvidenceSettings(ServiceSettings):
    """Where a service's files lie.

    ``evidence_url`` (``file:///folder``, ``s3://bucket/prefix``) is where they are, encrypted by a key of their own
    each, which ``evidence_keys`` (comma-separated, the first wraps) wrap; without both no files are taken. An upload
    may take ``upload_time``; what was stored and never recorded is removed after ``orphan_age``.
    """

    evidence_url: str = ""
    evidence_keys: SecretStr = SecretStr("")
    upload_time: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=50)
    orphan_age: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=1)

    @field_validator("evidence_keys")
    @classmethod
    def _wrapping(cls, given: SecretStr) -> SecretStr:
        MasterKeys(_parts(given))
        return given

    @model_validator(mode="after")
    def _uploads_end_before_they_are_swept(self) -> Self:
        if self.upload_time >= self.orphan_age:
            raise ValueError(f"{self.prefix}UPLOAD_TIME must be shorter than {self.prefix}ORPHAN_AGE")
        return self

    @property
    def prefix(self) -> str:
        """How the names of this service's variables begin."""
        return self.model_config.get("env_prefix", "")

    @property
    def evidence_keys_given(self) -> tuple[str, ...]:
        """The keys, the one that wraps first."""
        return _parts(self.evidence_keys)

    @property
    def takes_files(self) -> bool:
        """Whether files are set up."""
        return bool(self.evidence_url and self.evidence_keys_given)


def _parts(keys: SecretStr) -> tuple[str, ...]:
    return tuple(part.strip() for part in keys.get_secret_value().split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where files lie, and the keys of their keys."""

    storage: Storage
    keys: MasterKeys


@cache
def _evidence(url: str, keys: tuple[str, ...]) -> Evidence:
    return Evidence(ObjectStorage(url), MasterKeys(keys))


def evidence_at(settings: EvidenceSettings, off: str) -> Evidence:
    """A service's. Raises Problem 503 with the code ``off`` where none is set up."""
    if not settings.takes_files:
        missing = f"{settings.prefix}EVIDENCE_URL and {settings.prefix}EVIDENCE_KEYS are missing"
        raise Problem(503, off, f"{off.removesuffix('_off')} are not set up here: {missing}")
    return _evidence(settings.evidence_url, settings.evidence_keys_given)


@contextmanager
def storing(off: str) -> Iterator[None]:
    """What a failing store, a lost key and a slow sender are answered: Problem 507, 503 or 408."""
    try:
        yield
    except StorageFull:
        detail = "the store has no room left: nothing was stored, try again later"
        raise Problem(507, "storage_full", detail, headers={"Retry-After": "30"}) from None
    except StorageUnavailable as error:
        log.exception("the store of evidence failed", cause=str(error.__cause__))
        detail = "the store of evidence does not answer, try again"
        raise Problem(503, "unavailable", detail, headers={"Retry-After": "2"}) from None
    except KeyMissing:
        raise Problem(503, off, "the key of this file's key is missing") from None
    except TimeoutError:
        raise Problem(408, "upload_too_slow", "the file took too long: nothing was stored") from None


@dataclass
class Sweeper:
    """The worker that removes what was stored and never recorded: its request broke off, or its process died."""

    runtime: Runtime
    settings: EvidenceSettings
    objects: Objects

    async def run(self, stop: asyncio.Event) -> None:
        """Every few minutes until ``stop``; nothing where no files are set up."""
        if not self.settings.takes_files:
            return
        storage = evidence_at(self.settings, "files_off").storage

        async def step() -> bool:
            self.runtime.gate.check()
            swept = await self.objects.sweep(self.runtime.engine, storage, self.settings.orphan_age)
            if not swept:
                await resting(stop, SWEEP_EVERY)
            return bool(swept)

        await in_steps(stop, "sweeper", step)


class Forget(Protocol):
    """Makes the rows that forget an object that is gone."""

    def __call__(self, name: str) -> Iterable[Write]: ...


@dataclass(frozen=True)
class Remover:
    """The handler that removes an object that is not needed any more. Its key is gone already."""

    settings: EvidenceSettings
    forget: Forget

    async def __call__(self, task: Task) -> Tried:
        """Remove one object; what is gone is gone."""
        name = str(task.data["object"])
        await evidence_at(self.settings, "files_off").storage.delete(name)
        return Tried(writes=list(self.forget(name)))

"""Enumerations that several families share."""

from enum import StrEnum


class Channel(StrEnum):
    """How a report reached us."""

    WEB = "web"
    OPEN311 = "open311"
    PARTNER = "partner"
    CLERK = "clerk"


class Gravest(StrEnum):
    """Which end of a priority scale is the gravest: scales differ (Winnipeg's 0, Boise's 3)."""

    LOWEST = "lowest"
    HIGHEST = "highest"


class Pathway(StrEnum):
    """How a case was met."""

    VIRTUAL = "virtual"
    IN_PERSON = "in_person"


class Capability(StrEnum):
    """What a unit can do."""

    PATROL = "patrol"
    FORENSIC = "forensic"
    K9 = "k9"
    YOUTH = "youth"
    VICTIM_SERVICES = "victim_services"


class Role(StrEnum):
    """Who acts."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    DISPATCHER = "dispatcher"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"

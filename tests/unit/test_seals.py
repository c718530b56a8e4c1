"""Seals as bytes: what was signed is read back, and nothing else is taken for it; keys that may not be used."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from tests.waiting import DEADLINE
from vpr_events.event import made_at, new_id
from vpr_events.seals import BadSeal, BadSealKey, Head, Seal, SealFolder, SealKey, key_id, opened, public_keys
from vpr_events.verifying.findings import Marks
from vpr_service.settings import ServiceSettings, SharedSettings

HEAD = Head(f"report/{UUID(int=7)}", 1, 3, "ab" * 32)
SEAL = Seal(
    service="intake", number=2, sealed_at=datetime(2026, 5, 4, 12, tzinfo=UTC), previous="cd" * 32, events=3, streams=1,
    heads=(HEAD,),
)  # fmt: skip


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SealKey:
    return SealKey.made_at(tmp_path_factory.mktemp("keys") / "seal.pem")


def test_what_was_sealed_is_read_back(key: SealKey) -> None:
    assert opened(key.seal(SEAL), {key_id(key.public): key.public}) == SEAL


@given(data=st.data())
def test_any_other_bytes_are_no_seal(key: SealKey, data: st.DataObject) -> None:
    content = key.seal(SEAL)
    at = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    # Hexadecimal digits mean the same in both cases: the signature stays good, and so does all that was signed.
    changed = content[:at] + bytes([other]) + content[at + 1 :]
    if changed.lower() == content.lower() and at < 128:
        assert opened(changed, {key_id(key.public): key.public}) == SEAL
        return
    with pytest.raises(BadSeal):
        opened(changed, {key_id(key.public): key.public})


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(key: SealKey, content: bytes) -> None:
    with pytest.raises(BadSeal):
        opened(content, {key_id(key.public): key.public})


def test_the_key_is_made_once_and_for_our_eyes_only(tmp_path: Path) -> None:
    path = tmp_path / "seal.pem"
    made = SealKey.made_at(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert key_id(SealKey.made_at(path).public) == key_id(made.public)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seal.pem"
    SealKey.made_at(path)
    path.chmod(0o604)
    with pytest.raises(BadSealKey, match="others may read"):
        SealKey.at(path)


@pytest.mark.parametrize("content", [None, b"", b"no key", "another kind"])
def test_what_is_no_key_is_refused_by_name(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "seal.pem"
    if content == "another kind":
        other = ec.generate_private_key(ec.SECP256R1())
        content = other.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    if isinstance(content, bytes):
        path.touch(0o600)
        path.write_bytes(content)
    with pytest.raises(BadSealKey, match=r"seal\.pem"):
        SealKey.at(path)
    with pytest.raises(BadSealKey, match=r"seal\.pem"):
        public_keys([path])


def test_the_public_half_by_openssl_verifies(tmp_path: Path) -> None:
    """As the operators' guide has it made."""
    private, public = tmp_path / "seal.pem", tmp_path / "seal.pub.pem"
    for words in (
        ["genpkey", "-algorithm", "ed25519", "-out", str(private)],
        ["pkey", "-in", str(private), "-pubout", "-out", str(public)],
    ):
        subprocess.run(["openssl", *words], check=True, capture_output=True)  # noqa: S607
    private.chmod(0o600)
    assert opened(SealKey.at(private).seal(SEAL), public_keys([public])) == SEAL


def test_a_file_is_written_once(tmp_path: Path) -> None:
    folder = SealFolder(tmp_path / "seals")
    assert folder.add(1, b"first")
    assert folder.add(1, b"first")
    assert not folder.add(1, b"another")
    assert not folder.add(1, b"first and more")
    assert folder.read(1) == b"first"
    assert folder.place(1).stat().st_mode & 0o777 == 0o444
    assert folder.numbers() == [1]
    assert folder.read(2) is None
    assert SealFolder(tmp_path / "nowhere").numbers() == []


def settings(environment: str, **options: object) -> ServiceSettings:
    shared = SharedSettings.model_validate({"vpr_environment": environment})
    return ServiceSettings.model_validate({"database_url": SecretStr("postgresql:///x"), "shared": shared, **options})


def test_production_needs_a_key_and_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "seal.pem"
    SealKey.made_at(path)
    assert settings("production", seal_key=path, seal_folder=tmp_path).seal_every == 60
    assert settings("development").seal_key is None
    for some in ({}, {"seal_key": path}, {"seal_folder": tmp_path}):
        with pytest.raises(ValidationError, match="SEAL_KEY and SEAL_FOLDER"):
            settings("production", **some)
    with pytest.raises(ValidationError, match="SEAL_KEY and SEAL_FOLDER"):
        settings("development", seal_key=path)
    with pytest.raises(ValidationError, match="no readable private key"):
        settings("development", seal_key=tmp_path / "absent.pem", seal_folder=tmp_path)


@given(st.sets(st.integers(-(2**40), 2**62)), st.integers(-(2**40), 2**62))
def test_marks_are_a_set(positions: set[int], other: int) -> None:
    marks = Marks()
    for position in positions:
        marks.add(position)
    assert all(position in marks for position in positions)
    assert (other in marks) == (other in positions)


def test_an_id_tells_when_it_was_made() -> None:
    assert abs((datetime.now(UTC) - made_at(new_id())).total_seconds()) < DEADLINE
    assert made_at(uuid4()).year == 1970

"""The tables: targets, observations, files, products, runs, accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from hcdc_kernel.archive.columns import PlainJson, PlainText, UtcDateTime


def now() -> datetime:
    """Tell the time.

    Returns
    -------
    datetime
        In UTC.
    """
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of the tables; constraints are named, so that migrations can change them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: PlainText(),
        float: Double(),
        datetime: UtcDateTime(),
        dict[str, Any]: PlainJson(),
        list[str]: PlainJson(),
    }


class Target(Base):
    """A star."""

    __tablename__ = "targets"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Observation(Base):
    """One pupil-tracking sequence."""

    __tablename__ = "observations"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("targets.id"), index=True)
    instrument: Mapped[str]
    filter: Mapped[str]
    night: Mapped[str] = mapped_column(index=True)
    n_frames: Mapped[int]
    n_wave: Mapped[int]
    field_rotation_deg: Mapped[float | None]
    facts: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(default=now)


class Exposure(Base):
    """A source file of an observation."""

    __tablename__ = "exposures"
    __table_args__ = (UniqueConstraint("observation_id", "role", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"), index=True)
    path: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[str]


class RawFile(Base):
    """A raw file of a camera, whatever it serves for; one row a content.

    The columns are for searching; ``record`` holds all that the header says.
    """

    __tablename__ = "raw_files"
    __table_args__ = (
        Index("ix_raw_files_camera_night", "camera", "night"),
        Index("ix_raw_files_kind_night", "kind", "night"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(index=True)
    path: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    camera: Mapped[str]
    kind: Mapped[str]
    target: Mapped[str] = mapped_column(index=True)
    night: Mapped[str] = mapped_column(index=True)
    start_mjd: Mapped[float | None]
    dit_s: Mapped[float | None]
    filter: Mapped[str]
    coronagraph: Mapped[str]
    n_planes: Mapped[int]
    record: Mapped[dict[str, Any]]
    entered: Mapped[datetime] = mapped_column(default=now)


class Run(Base):
    """A reduction, running or done, and the process that does it."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'finished', 'failed', 'interrupted')", "status"),
        Index("ix_runs_key_status", "key", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(16), unique=True)
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"), index=True)
    recipe: Mapped[str]
    settings: Mapped[dict[str, Any]]
    key: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), index=True)
    started: Mapped[datetime] = mapped_column(default=now)
    ended: Mapped[datetime | None]
    error: Mapped[str]
    progress: Mapped[float]
    progress_text: Mapped[str]
    versions: Mapped[dict[str, Any]]
    requested_by: Mapped[str]
    process: Mapped[dict[str, Any]]
    keep: Mapped[str] = mapped_column(String(8), server_default="all")


class Product(Base):
    """Bytes in the store, and what was done to get them."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(16), unique=True)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    format: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    observation_id: Mapped[int | None] = mapped_column(ForeignKey("observations.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), index=True)
    step: Mapped[str]
    config: Mapped[dict[str, Any]]
    dropped: Mapped[bool] = mapped_column(server_default=false())
    created: Mapped[datetime] = mapped_column(default=now)


class ObservationInput(Base):
    """The products that a reduction of an observation starts from, by name."""

    __tablename__ = "observation_inputs"

    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)


class ProductInput(Base):
    """A product was derived from another."""

    __tablename__ = "product_inputs"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True)
    input_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True, index=True)


class ProductFile(Base):
    """A product lists a raw file."""

    __tablename__ = "product_files"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("raw_files.id"), primary_key=True, index=True)


class RunProduct(Base):
    """A run used, reused or generated a product."""

    __tablename__ = "run_products"
    __table_args__ = (CheckConstraint("role IN ('generated', 'reused', 'input')", "role"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(
        ForeignKey("products.id"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(16))


class Account(Base):
    """Someone who may sign in."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    active: Mapped[bool]
    is_admin: Mapped[bool]
    groups: Mapped[list[str]]
    created: Mapped[datetime] = mapped_column(default=now)

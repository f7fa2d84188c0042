"""When Stripe last answered and last failed: pages show a notice from this row instead of waiting for Stripe."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Model


class GatewayHealth(Model):
    """One row (id 1). NULL: has not happened yet."""

    __tablename__ = "gateway_health"

    last_ok_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_failure: Mapped[str | None] = mapped_column(sa.String(200))

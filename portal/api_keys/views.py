"""The page of API keys: make one, see it once, revoke it."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, session, url_for
from flask.typing import ResponseReturnValue

from portal.api_keys.create import TooManyKeys, create_key, revoke_key
from portal.api_keys.forms import NewKeyForm
from portal.api_keys.queries import key_by_public_id, keys_of
from portal.tenants.access import Access, for_tenant
from portal.tenants.models import Role
from portal.web.addresses import public_url_of
from portal.web.current import current_user
from portal.web.redirects import see_other

blueprint = Blueprint("api_keys", __name__, url_prefix="/t/<slug>")
MANAGERS = (Role.OWNER, Role.ADMIN)
SHOWN_ONCE = "new_api_key"


@blueprint.get("/api-keys")
@for_tenant(*MANAGERS)
def index(access: Access) -> str:
    """List the keys; right after one was made, show it this one time."""
    made = session.get(SHOWN_ONCE)
    if made is not None and made["tenant"] == access.tenant.public_id:
        del session[SHOWN_ONCE]
        return _page(access, NewKeyForm(formdata=None), made=made)
    return _page(access, NewKeyForm(formdata=None))


@blueprint.post("/api-keys")
@for_tenant(*MANAGERS)
def create(access: Access) -> ResponseReturnValue:
    """Make a key and hand it to the next page in this browser's own cookie, which only the portal reads."""
    form = NewKeyForm()
    if form.validate():
        try:
            key, text = create_key(access.tenant.id, name=form.name.data, creator=current_user())
        except TooManyKeys as refusal:
            form.refuse(refusal)
        else:
            session[SHOWN_ONCE] = {"tenant": access.tenant.public_id, "name": key.name, "text": text}
            return see_other(url_for("api_keys.index", slug=access.tenant.slug))
    return _page(access, form), 422


@blueprint.post("/api-keys/<public_id>/revoke")
@for_tenant(*MANAGERS)
def revoke(access: Access, public_id: str) -> ResponseReturnValue:
    """End a key at once."""
    key = key_by_public_id(access.tenant.id, public_id)
    revoke_key(key)
    flash(f"The key “{key.name}” no longer works.", "success")
    return see_other(url_for("api_keys.index", slug=access.tenant.slug))


def _page(access: Access, form: NewKeyForm, *, made: dict[str, str] | None = None) -> str:
    return render_template(
        "api_keys/api_keys.html",
        form=form,
        made=made,
        keys=keys_of(access.tenant.id),
        events_url=public_url_of("accounts.home") + "api/v1/usage/events",
    )

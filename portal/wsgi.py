"""What a WSGI server loads: `portal.wsgi:app`."""

from portal.app import create_app
from portal.web.logs import configure

configure()
app = create_app()

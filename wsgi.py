"""The same for a server started in a checkout: `wsgi:app`."""

from portal.wsgi import app as app

"""gunicorn for the portal: threads, so that a Stripe that hangs cannot stop the pages."""

import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
timeout = 30
graceful_timeout = 10
keepalive = 5
limit_request_line = 4094
limit_request_field_size = 8190
# The app is loaded once and forked: a quicker start and shared memory. It opens no connection while loading.
preload_app = True
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def post_worker_init(worker):  # type: ignore[no-untyped-def]
    """With `portal serve --with-worker`, each web process also works the jobs; leases keep them apart."""
    if os.environ.get("PORTAL_WITH_WORKER") == "1":
        from portal.jobs.worker import start_in_background

        start_in_background(worker.app.wsgi())

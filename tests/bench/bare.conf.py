"""An empty gunicorn configuration: both sides of the bench are set up by the same words on the command line."""

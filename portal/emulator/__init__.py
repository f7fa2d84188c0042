"""A stateful Stripe emulator: the HTTP API, hosted pages and webhooks of the part of Stripe a billing product uses.

It is a program of its own. It imports nothing of the portal around it, and nothing of the portal imports it except
the command line and the tests.
"""

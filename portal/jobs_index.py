"""Every module that registers job handlers, imported once so that each process knows them all."""

from portal.jobs import jobs as housekeeping

MODULES = (housekeeping,)

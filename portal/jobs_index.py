"""Every module that registers job handlers, imported once so that each process knows them all."""

from portal.accounts import jobs as accounts
from portal.customers import jobs as customers
from portal.intents import jobs as intents
from portal.jobs import jobs as housekeeping
from portal.mail import jobs as mail
from portal.sync import jobs as sync
from portal.usage import jobs as usage
from portal.webhooks import jobs as webhooks

MODULES = (accounts, customers, housekeeping, intents, mail, sync, usage, webhooks)

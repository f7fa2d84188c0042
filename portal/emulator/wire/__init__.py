"""The wire: how Stripe's API reads requests and writes answers, independent of what any resource means."""

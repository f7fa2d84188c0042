"""A customer billing portal: tenants choose plans, manage seats, watch usage and pay through Stripe."""

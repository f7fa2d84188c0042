"""The catalogue and Stripe held against each other: `compare` lists what would change, `push` carries it out, `pull`
goes the other way."""

"""The billing engine: arithmetic (periods, tiers, prorations, discounts, tax) and the life cycles built on it."""

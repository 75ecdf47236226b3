"""Proof that what must hold holds: one module per group of invariants, `examining` runs them."""

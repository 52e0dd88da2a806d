"""Verifying a published dataset from its files alone, without ledger, store or network. See `verify`."""

"""The small models that make the embedded default real: trained from scratch, on the bundled bank, by `nano.train`."""

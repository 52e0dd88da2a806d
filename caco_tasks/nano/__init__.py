"""The small models that the embedded default runs: trained from scratch on the bundled bank by `nano.pretrain`."""

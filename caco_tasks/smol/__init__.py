"""Small adapters upon a public pretrained model, so that every role of a run is real on two cores: `docs/smol.md`."""

"""What keeps bad, repeated and protected material out: rules, fingerprints, and the index of benchmarks."""

"""What the windows show: frozen models and one function for each, read from ledger and store; for HTTP and `--json` alike."""

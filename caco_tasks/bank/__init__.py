"""The bundled seed bank: problem families written for this project, under CC0-1.0."""

"""Which samples will hardly be accepted: what is seen of programs and problems, and the model that learns of earlier fates."""

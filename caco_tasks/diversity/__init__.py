"""How varied texts are, by their vectors alone: measures, clusters, and a plane to draw them in."""

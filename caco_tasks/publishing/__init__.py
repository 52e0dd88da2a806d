"""Datasets: their rows, their card, their formats for trainers."""

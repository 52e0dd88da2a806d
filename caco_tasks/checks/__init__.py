"""What is said of programs, problems and solutions: screening, leaks, equations, steps, duplicates, overlap with benchmarks."""

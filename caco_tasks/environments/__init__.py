"""Environments for reinforcement learning with verifiable rewards: a verified row that can be asked again with other numbers.

    environments, report = make_environments(rows, tools)
    for instance in draw_instances(environments[0], tools.sandbox, level=3, count=10):
        instance.prompt, instance.answer

`make` takes rows apart, `probing` runs their programs on drawn inputs, `instances` draws and checks, `formats` writes what
trainers load.
"""

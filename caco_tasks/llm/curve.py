"""The loss of a training as a picture."""

from io import BytesIO

from caco_tasks.llm.finetune import FineTuneResult


def draw_curve(tuned: FineTuneResult) -> bytes:
    """An SVG of the training loss over the steps, and of the held-out loss before and after."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([step for step, _ in tuned.curve], [loss for _, loss in tuned.curve], label="training")
    axes.plot([0, tuned.steps], [tuned.loss_before, tuned.loss_after], "o--", label="held out")
    axes.set(xlabel="optimiser step", ylabel="loss, nats per token")
    axes.grid(alpha=0.3)
    axes.legend()
    picture = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "caco"}):  # with no date, so that the same training gives the same bytes
        figure.savefig(picture, format="svg", metadata={"Date": None})
    return picture.getvalue()

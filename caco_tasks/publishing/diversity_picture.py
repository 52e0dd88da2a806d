"""The rows of a run as a picture: a point for each, in the colour of its cluster; light, and dark for dark pages."""

from collections.abc import Mapping
from io import BytesIO
from typing import Literal

from caco_tasks.store.registry import DiversityRecord

Theme = Literal["light", "dark"]
THEMES: Mapping[Theme, tuple[str, str]] = {
    "light": ("#ffffff", "#1a202c"),
    "dark": ("#111318", "#e2e8f0"),
}  # ground, ink
# of equal weight on both grounds
COLOURS = (
    *("#3b82c4", "#d97706", "#3f9b5f", "#d14b4b", "#8b6fc9", "#9a6b4f"),
    *("#d66fb0", "#7f8794", "#9aa51f", "#1fa5b3", "#5c6fd6", "#c98f2d"),
)


def draw_diversity(record: DiversityRecord, theme: Theme) -> bytes:
    """An SVG of the plane that shows most of the variance, with the words of each cluster beside its colour."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    ground, ink = THEMES[theme]
    figure = Figure(figsize=(9, 4.6), layout="constrained", facecolor=ground)
    axes = figure.add_subplot(facecolor=ground)
    for number, each in enumerate(record.clusters):
        places = [(x, y) for x, y, cluster in record.points if cluster == number]
        axes.scatter(
            [x for x, _ in places],
            [y for _, y in places],
            s=9,
            alpha=0.75,
            linewidths=0,
            color=COLOURS[number % len(COLOURS)],
            label=f"{each.rows:,}  {' '.join(each.words)}",
            rasterized=True,  # thousands of points would be a megabyte of paths
        )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(ink)
        spine.set_alpha(0.3)
    axes.set_xlabel(f"two directions of the vectors, with {record.shown:.0%} of their variance", color=ink)
    figure.legend(
        loc="outside right center",
        title="rows and words of each cluster",
        frameon=False,
        fontsize=8,
        title_fontsize=8,
        markerscale=2,
        labelcolor=ink,
    ).get_title().set_color(ink)
    picture = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "caco"}):  # with no date, so that the same figures give the same bytes
        figure.savefig(picture, format="svg", dpi=144, metadata={"Date": None}, facecolor=ground)
    return picture.getvalue()

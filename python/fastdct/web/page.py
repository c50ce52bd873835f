"""The page of a search: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template

from fastdct.geometry import Box
from fastdct.retrieval.ranking import Hit, Ranking
from fastdct.web.drawing import Shown, boxed, pair

_LEGEND = (
    "Similarity is the cosine of the global descriptors, 1 at most. Inliers are pairs of local features that one "
    "affine map explains; each adds a little to the similarity by which images are ordered. Thumbnails and features come from "
    "the DCT coefficients of the files."
)


def results_page(
    query: Shown,
    ranking: Ranking,
    pictures: Mapping[str, Shown],
    *,
    box: Box | None = None,
    searched: str = "",
) -> str:
    """An HTML page that shows a query and its ranked images.

    Parameters
    ----------
    query
        The query's picture.
    ranking
        What `fastdct.retrieval.search` returned.
    pictures
        For each hit, by name, its picture.
    box
        The part of the query that was searched for, in original pixels.
    searched
        What was searched, for people, such as "130 images in photos.index".

    Returns
    -------
    str
        A whole document, without references to anything outside it; pictures are data URLs.
    """
    verified = any(hit.num_inliers is not None for hit in ranking)
    order = ", by similarity and matching points" if verified else ""
    caption = f"{query.name}, {query.width} × {query.height} pixels"
    if box is not None:
        caption += "; searched for the part inside the box ({:g}, {:g}, {:g}, {:g})".format(*box)
    template = Template(files("fastdct.web").joinpath("results.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(f"Images like {query.name}"),
        summary=escape(searched),
        query=boxed(query, box),
        caption=escape(caption),
        heading=f"The {len(ranking)} nearest{order}" if len(ranking) else "No image was found",
        hits="\n".join(
            _card(rank, hit, query, pictures[hit.name], box) for rank, hit in enumerate(ranking, start=1)
        ),
        legend=_LEGEND,
    )


def _card(rank: int, hit: Hit, query: Shown, shown: Shown, box: Box | None) -> str:
    name = escape(hit.name)
    if shown.jpeg is None:
        picture = '<p class="missing">the file is not there any more</p>'
    else:
        picture = f'<img src="{shown.url}" alt="{name}" loading="lazy">'
    return f"""<li class="hit{" verified" if hit.num_inliers else ""}" id="hit-{rank}">
{picture}
<p class="name"><b>{rank}</b><span>{name}</span></p>
{_scores(hit)}
{_matches(rank, hit, query, shown, box)}
</li>"""


def _scores(hit: Hit) -> str:
    inliers = (
        ""
        if hit.num_inliers is None
        else f'<div><dt>inliers</dt><dd class="inliers">{hit.num_inliers}</dd></div>'
    )
    return f"<dl><div><dt>similarity</dt><dd>{hit.similarity:.3f}</dd></div>{inliers}</dl>"


def _matches(rank: int, hit: Hit, query: Shown, shown: Shown, box: Box | None) -> str:
    if not hit.num_inliers or shown.jpeg is None:
        return ""
    opened = " open" if rank == 1 else ""
    return f"<details{opened}><summary>matching points</summary>{pair(query, shown, hit, box)}</details>"

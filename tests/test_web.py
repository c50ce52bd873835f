import re
from html.parser import HTMLParser

import numpy as np
import pytest

import fastdct
from fastdct.retrieval import Hit, Ranking
from fastdct.web import Shown, results_page, thumbnail
from made import encoded, photo

VOID = {"meta", "img", "image", "line", "circle", "polygon", "br"}


class Page(HTMLParser):
    """The elements of a page; an error where tags do not nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], ""
        self.feed(text)
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def shown(name, seed=0):
    image = fastdct.read(encoded(photo(seed)))
    return Shown(name, thumbnail(image), image.height, image.width)


def hit(name, count, model=None):
    points = np.random.default_rng(count).random((count, 2)).astype(np.float32) * [160, 120]
    return Hit(name, 0.875, count, model, points, points)


EVIL = "<script>alert('1')</script>&\"$title .jpg"


@pytest.fixture
def page():
    ranking = Ranking(
        (hit("a/first.jpg", 7, np.array([[1.0, 0, 8], [0, 1, 0]])), hit(EVIL, 0), hit("gone.jpg", 5))
    )
    pictures = {
        "a/first.jpg": shown("a/first.jpg"),
        EVIL: shown(EVIL, 1),
        "gone.jpg": Shown("gone.jpg", None, 1, 1),
    }
    return results_page(
        shown("query.jpg", 2), ranking, pictures, box=(16, 12, 80, 60), searched="3 images in x & y"
    )


def test_the_page_is_well_formed_and_says_what_was_found(page):
    parsed = Page(page)
    assert page.startswith("<!doctype html>")
    assert parsed.all("html")[0]["lang"] == "en"
    assert [attrs["id"] for attrs in parsed.all("li")] == ["hit-1", "hit-2", "hit-3"]
    for text in (
        "query.jpg, 160 × 120 pixels",
        "(16, 12, 80, 60)",
        "0.875",
        "3 images in x & y",
        EVIL,
        "not there",
    ):
        assert text in parsed.text, text


def test_the_page_needs_nothing_beside_it(page):
    parsed = Page(page)
    urls = [attrs[key] for _, attrs in parsed.elements for key in ("src", "href") if key in attrs]
    assert len(urls) >= 5
    assert all(url.startswith("data:image/jpeg;base64,") for url in urls)
    assert not re.search(r"https?://|@import|url\(", page)
    assert not parsed.all("script")
    assert "default-src 'none'" in parsed.all("meta")[2]["content"]


def test_every_picture_has_a_text(page):
    parsed = Page(page)
    assert [attrs["alt"] for attrs in parsed.all("img")] == ["a/first.jpg", EVIL]
    labels = [attrs["aria-label"] for attrs in parsed.all("svg") if "viewbox" in attrs]
    assert labels == [
        "Query query.jpg, the searched part is marked with a box",
        "7 matching points between query.jpg and a/first.jpg",
    ]


def test_matches_are_lines_from_the_query_to_the_image(page):
    parsed = Page(page)
    query, left, right = parsed.all("image")  # alone with its box; beside the first hit
    lines = parsed.all("line")
    assert len(lines) == 7
    assert len(parsed.all("circle")) == 14
    assert float(query["height"]) == 400
    scale = 400 / 120
    expected = np.random.default_rng(7).random((7, 2)).astype(np.float32) * [160, 120] * scale
    expected = expected[np.argsort(expected[:, 1])]
    drawn = np.array([[float(line[key]) for key in ("x1", "y1", "x2", "y2")] for line in lines])
    np.testing.assert_allclose(drawn[:, :2], expected, atol=0.06)
    np.testing.assert_allclose(drawn[:, 2:], expected + np.array([160 * scale + 16, 0]), atol=0.06)
    assert float(right["x"]) > float(left["width"])


def test_the_box_is_drawn_on_the_query_and_where_it_was_found(page):
    outlines = [attrs["points"] for attrs in Page(page).all("polygon")]
    assert len(outlines) == 3
    scale = 400 / 120
    corners = np.array([[16, 12], [80, 12], [80, 60], [16, 60]])
    for text, points in zip(outlines, (corners, corners, corners + np.array([8, 0])), strict=True):
        drawn = np.array([pair.split(",") for pair in text.split()], float)
        np.testing.assert_allclose(drawn, points * scale, atol=0.06)


def test_no_hits_and_no_verification_make_a_page_too():
    assert "No image was found" in Page(results_page(shown("q"), Ranking(()), {})).text
    text = Page(results_page(shown("q"), Ranking((Hit("a", 0.5),)), {"a": shown("a")})).text
    assert "The 1 nearest" in text
    assert "inliers0" not in text

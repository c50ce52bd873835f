"""Pages that show results to a person."""

from fastdct.web.drawing import Shown
from fastdct.web.page import results_page
from fastdct.web.thumbnail import thumbnail

__all__ = ["Shown", "results_page", "thumbnail"]

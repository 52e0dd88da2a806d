"""What is boxed: found with balanced braces, escaped ones left alone, the last one first."""

import time

import pytest

from caco_tasks.boxed import find_boxes, has_box, last_box


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"so \boxed{12}.", "12"),
        (r"\boxed {1}", "1"),
        (r"\fbox{3}", "3"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\left\{1\right\}}", r"\left\{1\right\}"),
        (r"\boxed{a\}b}", r"a\}b"),
        (r"\boxed{1\\}", r"1\\"),
        (r"\boxed{\boxed{3}}", "3"),
        (r"\boxed 5 and", "5"),
        (r"is $\boxed 2$.", "2"),
        (r"\boxed 3,000.", "3,000"),
        (r"\boxed\frac{1}{2}$", r"\frac{1}{2}"),
        (r"\boxed{1}, then \boxed{2}", "2"),
        (r"\boxed{}", ""),
    ],
)
def test_the_last_box_is_found(text: str, content: str) -> None:
    box = last_box(text)
    assert box is not None
    assert box.is_closed
    assert box.content == content


def test_a_box_that_is_never_closed_goes_to_the_end_of_its_line() -> None:
    box = last_box("\\boxed{4\n5")
    assert box is not None
    assert not box.is_closed
    assert box.content == "4"


@pytest.mark.parametrize("text", ["", "12", r"\boxedx{3}", r"\framebox{3}"])
def test_other_commands_box_nothing(text: str) -> None:
    assert not has_box(text)
    assert last_box(text) is None


def test_the_boxes_come_last_first_with_their_places() -> None:
    text = r"\boxed{1} and \fbox{2}"
    second, first = find_boxes(text)
    assert (text[first.start : first.end], text[second.start : second.end]) == (r"\boxed{1}", r"\fbox{2}")


def test_many_open_boxes_do_not_take_long() -> None:
    started = time.thread_time()  # of this thread: others of the process have their own work
    assert last_box(r"\boxed{" * 20_000) is not None
    assert time.thread_time() - started < 5  # read each by each, they take a minute

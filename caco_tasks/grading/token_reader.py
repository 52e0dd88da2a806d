"""The tokens of an answer, taken one after the other, with a cap on nesting."""

from caco_tasks.grading.tokens import END, AnswerToken, UnreadableAnswer

MAX_DEPTH = 120


class TokenReader:
    """A place in the tokens of an answer."""

    def __init__(self, words: list[AnswerToken]) -> None:
        self._tokens = [*words, END]
        self._at = 0
        self._depth = 0
        self._bars = 0  # open | of absolute values: the next | closes one instead of opening another

    @property
    def peek(self) -> AnswerToken:
        """The next token."""
        return self._tokens[self._at]

    def take(self) -> AnswerToken:
        """The next token, taken."""
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def accept(self, *texts: str) -> bool:
        """Takes the next token if it is one of `texts`, and says whether it did."""
        if self.peek.kind != "string" and self.peek.text in texts:
            self.take()
            return True
        return False

    def expect(self, text: str) -> None:
        """Takes the next token, which must be `text`."""
        if not self.accept(text):
            raise UnreadableAnswer(f"expected {text}")

    def descend(self) -> None:
        """Counts one level of nesting."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableAnswer("nested too deeply")

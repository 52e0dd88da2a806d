"""A resources server of NeMo Gym: the final answer of a response, compared exactly. An export of Caco."""

from typing import Any

from caco_reward.reward import is_right
from nemo_gym.base_resources_server import (
    BaseResourcesServerConfig,
    BaseRunRequest,
    BaseVerifyRequest,
    BaseVerifyResponse,
    SimpleResourcesServer,
)


class CacoConfig(BaseResourcesServerConfig):
    """Nothing but what every server has."""


class CacoRunRequest(BaseRunRequest):
    """A row of the data."""

    id: str
    expected_answer: str
    level: int


class CacoVerifyRequest(CacoRunRequest, BaseVerifyRequest):
    """A row and the response to it."""


class CacoVerifyResponse(BaseVerifyResponse):
    """The reward; `is_understood` is false where nobody can tell, which earns nothing."""

    id: str
    expected_answer: str
    level: int
    is_understood: bool


class CacoServer(SimpleResourcesServer):
    """Verifies answers."""

    config: CacoConfig

    async def verify(self, body: CacoVerifyRequest) -> CacoVerifyResponse:
        """1.0 where the final answer equals the program's."""
        is_equal = is_right(_text_of(body.response.output), body.expected_answer)
        return CacoVerifyResponse(
            **body.model_dump(), reward=float(is_equal is True), is_understood=is_equal is not None
        )


def _text_of(output: list[Any]) -> str:
    parts = [
        part.text for item in output if item.type == "message" for part in item.content if part.type == "output_text"
    ]
    return "".join(parts)


if __name__ == "__main__":
    CacoServer.run_webserver()

"""A language model that writes text: one question, one answer, over an OpenAI-compatible endpoint.

What it is asked and told is decided in `lsfs_syscalls.run.told`; `lsfs_syscalls.llm` is the other use of the endpoint
(plans). Its answer is text for people and nothing else: no call is ever made because of it. Loaded on first use, as the
client is heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lsfs.config import LlmConfig
from lsfs.errors import Unavailable


class Writer(Protocol):
    """Writes text on request."""

    @property
    def name(self) -> str:
        """The model's name, for the label of what it wrote."""
        ...

    def write(self, instructions: str, material: str) -> str:
        """Return the model's answer; raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """The configured endpoint."""

    config: LlmConfig

    @property
    def name(self) -> str:
        """The model's name."""
        return self.config.model or "default"

    def write(self, instructions: str, material: str) -> str:
        """Return the model's answer.

        Raises:
            Unavailable: the endpoint does not answer, or answers nothing.
        """
        import openai

        try:
            with openai.OpenAI(
                base_url=self.config.base_url,
                api_key=self.config.api_key or "none",
                timeout=self.config.timeout_s,
                max_retries=1,
            ) as client:
                answer = client.chat.completions.create(
                    model=self.name,
                    messages=[{"role": "system", "content": instructions}, {"role": "user", "content": material}],
                    temperature=0,
                )
        except openai.OpenAIError as e:
            raise Unavailable(f"the model at {self.config.base_url} did not answer: {e}") from e
        text = (answer.choices[0].message.content or "").strip() if answer.choices else ""
        if not text:
            raise Unavailable(f"the model at {self.config.base_url} answered nothing")
        return text


def writer_of(config: LlmConfig) -> Writer | None:
    """Return the configured model, or None without one."""
    return ModelWriter(config) if config.base_url and config.mode != "offline" else None

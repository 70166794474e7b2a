"""Which language model the configuration names: one in this process before an endpoint, as it sends nothing anywhere."""

from __future__ import annotations

import os
from pathlib import Path

from lsfs.config import LlmConfig
from lsfs_syscalls.chat.chat import Chat
from lsfs_syscalls.chat.endpoint import EndpointChat
from lsfs_syscalls.chat.local import LocalChat


def chat_of(config: LlmConfig, *, retries: int = 0) -> Chat | None:
    """Return the model, or None without one; nothing is loaded or asked yet.

    Args:
        config: the section `[llm]`.
        retries: of a request to an endpoint that could not be sent.
    """
    if config.mode == "offline":
        return None
    if config.model_file:
        file = Path(os.path.expanduser(config.model_file))
        return LocalChat(file, config.context_tokens, config.threads, config.timeout_s)
    if config.base_url:
        return EndpointChat(config.base_url, config.model or "default", config.api_key or "none", config.timeout_s, retries)
    return None
